//! The same end-to-end story on every pair of database and storage.

use super::nights::{self, Folder};
use super::places::{Bytes, Places, Rows};
use super::server::Server;
use super::user::{User, good};
use crate::harness::Bench;
use crowdsky_fits::{HduReader, Limits};
use std::path::Path;
use std::time::Duration;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sqlite_and_local_files() {
    story(Places::new(Rows::Sqlite, Bytes::Local).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mariadb_and_rclone() {
    story(Places::new(Rows::Mariadb, Bytes::Rclone).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mariadb_and_apache() {
    story(Places::new(Rows::Mariadb, Bytes::Apache).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mariadb_and_nginx() {
    story(Places::new(Rows::Mariadb, Bytes::Nginx).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mariadb_and_wsgidav() {
    story(Places::new(Rows::Mariadb, Bytes::Wsgidav).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mariadb_and_dav_server() {
    story(Places::new(Rows::Mariadb, Bytes::DavServer).await).await;
}

/// Three users upload two simulated targets and, where they are, 16 real frames; each gets one stack, and it has the
/// planes and the stars that `crowdsky stack` gives for the same folder.
async fn story(places: Places) {
    let bench = Bench::new();
    let mut users = vec![
        ("ada", nights::simulated(&bench.path("."), "M 31", 31, 10.68, 41.27)),
        ("berta", nights::simulated(&bench.path("."), "NGC 188", 188, 11.75, 85.25)),
    ];
    if let Some(folder) = nights::real() {
        users.push(("cleo", folder));
    }
    let server = Server::start(&places, "");
    let mut stories = Vec::new();
    for (name, folder) in &users {
        stories.push(tokio::spawn(upload_and_download(server.url.clone(), name, folder.clone())));
    }
    for (story, (name, folder)) in stories.into_iter().zip(&users) {
        let delivered = story.await.unwrap_or_else(|error| panic!("{name}: {error}\n{}", server.log_tail()));
        assert_same_stack(&bench, &delivered, &folder.path, name);
    }
    let (status, report) = server.fsck();
    assert_eq!(status, 0, "{report:#}");
    assert_eq!(server.terminate(), Some(0), "an orderly end");
}

/// What one user does; the bytes of the stack.
async fn upload_and_download(url: String, name: &'static str, folder: Folder) -> Vec<u8> {
    let user = User::register(&url, name).await;
    let session = user.open().await;
    for k in 0..folder.frames.len() {
        let (name, bytes) = folder.frame(k);
        let status = user.put(&session, &name, &bytes).await.unwrap();
        assert_eq!(status, 201, "{name}");
    }
    let planned = user.finalise(&session).await.unwrap();
    assert_eq!(planned["jobs"].as_array().map(Vec::len), Some(1), "{planned}");
    let stacks = user.wait_for_stacks(1, Duration::from_secs(240)).await;
    let id = &stacks[0]["id"];
    assert_eq!(stacks[0]["n_frames_input"], folder.frames.len(), "{stacks:?}");
    let thumbnail = user.get(&format!("/thumbnail.php?id={id}")).await;
    assert_eq!(thumbnail.headers()["content-type"], "image/png");
    assert!(thumbnail.bytes().await.unwrap().starts_with(b"\x89PNG"));
    let answer = user.get(&format!("/download.php?id={id}")).await;
    assert_eq!(answer.status(), 200);
    let stack = answer.bytes().await.unwrap().to_vec();
    // The next user must not see it.
    let stranger = User::register(&url, &format!("{name}2")).await;
    assert_eq!(stranger.get(&format!("/download.php?id={id}")).await.status(), 404);
    assert_eq!(good(stranger.get("/api/stacks_data.php").await).await, serde_json::json!([]));
    stack
}

/// The delivered file has the same data, HDU by HDU, as what `crowdsky stack` makes of the folder.
fn assert_same_stack(bench: &Bench, delivered: &[u8], folder: &Path, name: &str) {
    let ours = bench.path(&format!("{name}.fits"));
    let args = ["stack", folder.to_str().unwrap(), "-o", ours.to_str().unwrap(), "--quiet"];
    let run = bench.crowdsky(args);
    assert_eq!(run.status, 0, "{run:?}");
    let ours = std::fs::read(ours).unwrap();
    let (ours, theirs) = (units(&ours), units(delivered));
    assert_eq!(ours.len(), theirs.len(), "{name}: as many HDUs");
    for (ours, theirs) in ours.iter().zip(&theirs) {
        assert_eq!(ours.0, theirs.0, "{name}");
        assert!(ours.1 == theirs.1, "{name}: the data of {} differ", ours.0);
    }
    assert!(theirs.iter().any(|unit| unit.0 == "STAR-TAB"));
    assert!(theirs.iter().any(|unit| unit.0 == "RED" && unit.1.len() > 400_000));
}

/// Name and data of each header and data unit.
fn units(fits: &[u8]) -> Vec<(String, Vec<u8>)> {
    let mut reader = HduReader::new(fits, &Limits::default()).unwrap();
    let mut units = Vec::new();
    while let Some(mut hdu) = reader.next_hdu().unwrap() {
        let name = hdu.head().header.text("EXTNAME").unwrap_or("PRIMARY").to_owned();
        units.push((name, hdu.bytes().unwrap()));
    }
    units
}
