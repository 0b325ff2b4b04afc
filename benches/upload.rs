//! Sixteen uploaders at once, each a frame of 4.15 MB over HTTP on loopback; beside them other servers, and the bare disk.
#![allow(clippy::print_stderr, reason = "a benchmark reports on the terminal")]

use bytes::Bytes;
use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, Criterion, SamplingMode, Throughput, criterion_group, criterion_main};
use crowdsky_benches::servers::Server;
use crowdsky_benches::{fits_file, night};
use crowdsky_server::app::App;
use crowdsky_server::config::Settings;
use crowdsky_server::secret::{hex, sha256};
use crowdsky_server::services::{Client, Registration};
use crowdsky_server::{http, storage, store, tls};
use reqwest::StatusCode;
use std::io::Write;
use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;
use std::time::{Duration, Instant};
use tokio::runtime::Runtime;
use tokio::task::JoinSet;

/// Who send at once, each one file.
const UPLOADERS: usize = 16;

fn upload(c: &mut Criterion) {
    let runtime = Runtime::new().expect("threads for tokio");
    tls::install();
    // Where the program is built: the system's folder for such files may be in memory, where nothing is ever synced.
    let place = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let folder = tempfile::tempdir_in(place).expect("the folder can be written to");
    let mut frames = Frames::new();
    let mut group = c.benchmark_group("upload");
    group.throughput(Throughput::Bytes((UPLOADERS * frames.size()) as u64));
    group.sampling_mode(SamplingMode::Flat).sample_size(10);
    group.warm_up_time(Duration::from_secs(1)).measurement_time(Duration::from_secs(5));

    let (app, targets) = runtime.block_on(start(&folder.path().join("crowdsky")));
    let raws = folder.path().join("crowdsky/raws");
    puts(&mut group, "crowdsky", &runtime, &mut frames, &targets, &raws);
    app.shutdown.cancel();
    for kind in ["nginx", "rclone"] {
        let Some(server) = Server::webdav(kind, place) else {
            eprintln!("SKIPPED: no {kind} on this machine");
            continue;
        };
        let to = |k| Target { url: format!("{}/uploader-{k}-", server.url()), headers: Vec::new() };
        let targets: Vec<Target> = (0..UPLOADERS).map(to).collect();
        puts(&mut group, kind, &runtime, &mut frames, &targets, &server.data());
    }
    let plain = folder.path().join("plain");
    group.bench_function("write and sync", |b| {
        b.iter_custom(|times| frames.time(times, &plain, |files| write_and_sync(&plain, files)))
    });
    group.finish();
}

/// Where one uploader sends files: the address, to which the file's hash is added, and what goes with it.
#[derive(Clone)]
struct Target {
    url: String,
    headers: Vec<(&'static str, String)>,
}

/// The server in this process, on SQLite and a folder, with its users, each with a session of its own.
async fn start(folder: &Path) -> (App, Vec<Target>) {
    let mut settings = Settings { data_dir: Some(folder.to_owned()), ..Settings::default() };
    settings.accounts.bcrypt_cost = 4;
    settings.accounts.registrations_per_hour_per_ip = 1000;
    settings.accounts.quota_free_bytes = i64::MAX / 2;
    let rows = store::connect(&settings.database, folder).await.expect("a new database");
    rows.migrate().await.expect("an empty database");
    let blobs = storage::open(&settings.storage, folder).expect("new folders");
    let app = App::new(settings, rows, blobs);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let url = format!("http://{}", listener.local_addr().expect("it listens"));
    let (router, limits, stop) = (http::router(app.clone()), app.settings.http.clone(), app.shutdown.clone());
    tokio::spawn(async move { http::listen::serve(listener, router, &limits, stop).await });
    let mut targets = Vec::new();
    for k in 0..UPLOADERS {
        targets.push(sign_in(&app, &url, k).await);
    }
    (app, targets)
}

async fn sign_in(app: &App, url: &str, k: usize) -> Target {
    let wish = Registration {
        username: format!("user{k}"),
        email: format!("user{k}@example.org"),
        password: format!("user{k} looks at the sky"),
    };
    let client = Client { ip: IpAddr::V4(Ipv4Addr::LOCALHOST), agent: "bench".to_owned() };
    let (user, token) = app.accounts.register(&wish, &client).await.expect("a new user");
    let session = app.uploads.open(&user, None, false, None).await.expect("the first session").token;
    let cookie = format!("crowdsky={token}");
    let page = reqwest::Client::new().get(format!("{url}/upload")).header("cookie", &cookie).send().await;
    let page = page.expect("the page").text().await.expect("the page is text");
    let csrf = page.split("name=\"csrf-token\" content=\"").nth(1).and_then(|rest| rest.split('"').next());
    let headers = vec![("cookie", cookie), ("x-csrf-token", csrf.expect("a form token").to_owned())];
    Target { url: format!("{url}/api/v1/uploads/{session}/files/"), headers }
}

/// The same client for every server.
fn puts(
    group: &mut BenchmarkGroup<'_, WallTime>,
    name: &str,
    runtime: &Runtime,
    frames: &mut Frames,
    targets: &[Target],
    data: &Path,
) {
    let client = reqwest::Client::new();
    group.bench_function(name, |b| {
        b.iter_custom(|times| {
            frames.time(times, data, |files| runtime.block_on(put_all(&client, targets, files)))
        })
    });
}

async fn put_all(client: &reqwest::Client, targets: &[Target], files: &[(String, Bytes)]) {
    let mut uploaders = JoinSet::new();
    for (target, (hash, bytes)) in targets.iter().zip(files) {
        let mut request = client.put(format!("{}{hash}", target.url)).query(&[("name", "Light.fit")]);
        for (name, value) in &target.headers {
            request = request.header(*name, value);
        }
        let request = request.body(bytes.clone());
        uploaders.spawn(async move {
            let answer = request.send().await.expect("an answer");
            assert_eq!(answer.status(), StatusCode::CREATED, "{}", answer.text().await.unwrap_or_default());
        });
    }
    uploaders.join_all().await;
}

/// As fast as the disk is: a thread for each file, no name but the last one, every file synced.
fn write_and_sync(folder: &Path, files: &[(String, Bytes)]) {
    std::fs::create_dir_all(folder).expect("a new folder");
    std::thread::scope(|scope| {
        for (hash, bytes) in files {
            scope.spawn(move || {
                let mut file = std::fs::File::create_new(folder.join(hash)).expect("a new file");
                file.write_all(bytes).and_then(|()| file.sync_all()).expect("the disk has room");
            });
        }
    });
}

/// Frames that are never the same twice: the server would not take one again.
struct Frames {
    frame: Vec<u8>,
    made: u64,
}

impl Frames {
    fn new() -> Frames {
        let frame = fits_file(&night(), 0);
        assert_eq!(frame.len(), 4_152_960, "the size of a Seestar S50's raw frame");
        Frames { frame, made: 0 }
    }

    fn size(&self) -> usize {
        self.frame.len()
    }

    fn next(&mut self) -> (String, Bytes) {
        // The first pixels number it.
        self.frame[5760..5768].copy_from_slice(&self.made.to_be_bytes());
        self.made += 1;
        (hex(&sha256(&self.frame)), Bytes::copy_from_slice(&self.frame))
    }

    /// The time that `send` takes for a file from each uploader, so many times over; making and removing them does not count.
    fn time(&mut self, times: u64, data: &Path, send: impl Fn(&[(String, Bytes)])) -> Duration {
        let mut total = Duration::ZERO;
        for _ in 0..times {
            let files: Vec<_> = (0..UPLOADERS).map(|_| self.next()).collect();
            let begin = Instant::now();
            send(&files);
            total += begin.elapsed();
            empty(data);
        }
        total
    }
}

/// Removes what was uploaded, so that the disk does not fill up.
fn empty(folder: &Path) {
    for entry in std::fs::read_dir(folder).expect("the folder is there") {
        let path = entry.expect("its entries").path();
        let removed =
            if path.is_dir() { std::fs::remove_dir_all(&path) } else { std::fs::remove_file(&path) };
        // A server may be tidying up itself: rclone renames what has come.
        if let Err(error) = removed {
            assert_eq!(error.kind(), std::io::ErrorKind::NotFound, "{}: {error}", path.display());
        }
    }
}

criterion_group!(benches, upload);
criterion_main!(benches);
