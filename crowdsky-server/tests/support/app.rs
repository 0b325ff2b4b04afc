//! The whole server on loopback, in this process, over SQLite and a folder; and browsers that use it.

use bytes::Bytes;
use crowdsky_server::app::App;
use crowdsky_server::config::Settings;
use crowdsky_server::http;
use crowdsky_server::objects::StoredObject;
use crowdsky_server::secret::{hex, sha256};
use crowdsky_server::services::{Client, Incoming, Registration};
use crowdsky_server::storage::{self, BlobKey, Blobs, ByteStream};
use crowdsky_server::store::{self, Claim, JobId, Micros, NewStack, StackId, User};
use futures_util::StreamExt;
use reqwest::{Method, RequestBuilder, Response, StatusCode};
use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;
use tempfile::TempDir;

/// A server that runs until it is dropped.
#[derive(Debug)]
pub(crate) struct TestApp {
    pub(crate) app: App,
    /// `http://127.0.0.1:PORT`.
    pub(crate) url: String,
    pub(crate) folder: TempDir,
}

/// A stack of a user, and what it came from.
#[derive(Debug, Clone)]
pub(crate) struct Made {
    pub(crate) stack: StackId,
    pub(crate) job: JobId,
    pub(crate) session: String,
    pub(crate) fits: Vec<u8>,
}

impl TestApp {
    /// Starts one with the default settings, but for passwords, whose hashing is cheap, and workers, of which it has none.
    pub(crate) async fn start() -> TestApp {
        TestApp::start_with(TestApp::settings()).await
    }

    /// These settings, to be changed.
    pub(crate) fn settings() -> Settings {
        let mut settings = Settings::default();
        settings.accounts.bcrypt_cost = 4;
        settings.accounts.registrations_per_hour_per_ip = 1000;
        settings
    }

    pub(crate) async fn start_with(settings: Settings) -> TestApp {
        TestApp::start_over(settings, |blobs| blobs).await
    }

    /// The same with other storages, made of those it would have.
    pub(crate) async fn start_over(mut settings: Settings, other: impl FnOnce(Blobs) -> Blobs) -> TestApp {
        let folder = tempfile::tempdir().unwrap();
        settings.data_dir = Some(folder.path().to_owned());
        let rows = store::connect(&settings.database, folder.path()).await.unwrap();
        rows.migrate().await.unwrap();
        let blobs = other(storage::open(&settings.storage, folder.path()).unwrap());
        let app = App::new(settings, rows, blobs);
        tokio::spawn(crowdsky_server::telemetry::run(app.shutdown.clone()));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (router, stop) = (http::router(app.clone()), app.shutdown.clone());
        let limits = app.settings.http.clone();
        tokio::spawn(async move { http::listen::serve(listener, router, &limits, stop).await });
        TestApp { app, url, folder }
    }

    /// A browser nobody is signed in with.
    pub(crate) fn visitor(&self) -> Browser {
        // A client without TLS wants one all the same; a second one is refused, which is fine.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        Browser { http, url: self.url.clone(), cookie: String::new(), csrf: String::new() }
    }

    /// A new user and their browser.
    pub(crate) async fn user(&self, name: &str) -> (User, Browser) {
        let wish = Registration {
            username: name.to_owned(),
            email: format!("{name}@example.org"),
            password: format!("{name} looks at the sky"),
        };
        let client = Client { ip: IpAddr::V4(Ipv4Addr::LOCALHOST), agent: "test".to_owned() };
        let (user, token) = self.app.accounts.register(&wish, &client).await.unwrap();
        let mut browser = self.visitor();
        browser.cookie = format!("crowdsky={token}");
        let page = browser.get("/upload").await.text().await.unwrap();
        let csrf = page.split("name=\"csrf-token\" content=\"").nth(1).unwrap();
        browser.csrf = csrf.split('"').next().unwrap().to_owned();
        (user, browser)
    }

    /// A session of one frame, finalised; its token and its job.
    pub(crate) async fn queued(&self, user: &User, object: &str) -> (String, JobId) {
        let upload = self.app.uploads.open(user, None, false, None).await.unwrap();
        let incoming = Incoming { name: "Light_1.fit".to_owned(), length: None, sha256: None };
        self.app.uploads.accept(user, &upload.token, incoming, body(frame(object))).await.unwrap();
        let done = self.app.uploads.finalise(user, &upload.token).await.unwrap();
        (upload.token, done.jobs[0].0)
    }

    /// A finished stack, made by nobody: its bytes are those of a frame.
    pub(crate) async fn stacked(&self, user: &User, object: &str) -> Made {
        let (session, job) = self.queued(user, object).await;
        let backoff = self.app.settings.jobs.backoff();
        let lease = Duration::from_secs(60);
        let claim = Claim { worker: "w".to_owned(), worker_id: None, n: 100, lease, legacy: false, backoff };
        let claimed = self.app.store.claim(&claim).await.unwrap();
        let claimed = claimed.into_iter().find(|claimed| claimed.id == job).unwrap();
        let token = claimed.lease.unwrap().token;
        self.app.store.start_verifying(job, &token, lease).await.unwrap();
        let fits = frame(object);
        let stack = NewStack {
            fits: self.stored(&format!("stacks/{job}.fits"), &fits).await,
            thumbnail: Some(self.stored(&format!("stacks/{job}.png"), b"\x89PNG no more").await),
            stars: None,
            n_frames_input: 1,
            n_frames_aligned: 1,
            total_exptime: Some(10.0),
            date_obs_start: Some(Micros(1_736_969_400_000_000)),
            date_obs_end: None,
            ra_deg: Some(83.6),
            dec_deg: Some(22.0),
            n_stars: Some(99),
            fwhm_px: Some(2.5),
            eq_mode: Some(true),
        };
        let done = self.app.store.complete(job, &token, Some(&stack), lease).await.unwrap();
        Made { stack: done.stack.unwrap(), job, session, fits }
    }

    async fn stored(&self, key: &str, bytes: &[u8]) -> StoredObject {
        let blob = BlobKey::parse(key).unwrap();
        self.app.blobs.stacks.put(&blob, bytes.len() as u64, body(bytes.to_vec())).await.unwrap();
        StoredObject { key: key.to_owned(), size: bytes.len() as i64, sha256: hex(&sha256(bytes)) }
    }
}

impl Drop for TestApp {
    fn drop(&mut self) {
        self.app.shutdown.cancel();
    }
}

/// A browser: its cookie and its form token.
#[derive(Debug, Clone)]
pub(crate) struct Browser {
    http: reqwest::Client,
    url: String,
    cookie: String,
    pub(crate) csrf: String,
}

impl Browser {
    /// A request with the cookie and, where it changes something, the form token in its header.
    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.bare(method.clone(), path);
        if method.is_safe() || self.csrf.is_empty() {
            request
        } else {
            request.header("x-csrf-token", &self.csrf)
        }
    }

    /// A request with the cookie alone.
    pub(crate) fn bare(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.http.request(method, format!("{}{path}", self.url));
        if self.cookie.is_empty() { request } else { request.header("cookie", &self.cookie) }
    }

    /// Its cookie, as it is sent.
    pub(crate) fn cookie(&self) -> &str {
        &self.cookie
    }

    /// The same browser with another form token.
    pub(crate) fn with_csrf(&self, csrf: &str) -> Browser {
        Browser { csrf: csrf.to_owned(), ..self.clone() }
    }

    pub(crate) async fn get(&self, path: &str) -> Response {
        self.request(Method::GET, path).send().await.unwrap()
    }

    pub(crate) async fn text(&self, path: &str) -> String {
        let answer = self.get(path).await;
        assert_eq!(answer.status(), StatusCode::OK, "{path}");
        answer.text().await.unwrap()
    }
}

/// Bytes as a body.
pub(crate) fn body(bytes: Vec<u8>) -> ByteStream {
    futures_util::stream::once(async move { Ok(Bytes::from(bytes)) }).boxed()
}

/// The smallest raw frame: 4 x 4 pixels of this object.
pub(crate) fn frame(object: &str) -> Vec<u8> {
    let text = |text: &str| format!("'{}'", text.replace('\'', "''"));
    let cards = [
        ("SIMPLE", "                   T".to_owned()),
        ("BITPIX", "16".to_owned()),
        ("NAXIS", "2".to_owned()),
        ("NAXIS1", "4".to_owned()),
        ("NAXIS2", "4".to_owned()),
        ("OBJECT", text(object)),
        ("DATE-OBS", text("2025-01-15T19:30:00.123")),
        ("EXPTIME", "10.0".to_owned()),
        ("RA", "83.633".to_owned()),
        ("DEC", "22.014".to_owned()),
        ("FILTER", text("LP")),
        ("BAYERPAT", text("GRBG")),
        ("IMAGETYP", text("Light")),
    ];
    let mut bytes: Vec<u8> = cards
        .iter()
        .flat_map(|(name, value)| format!("{:<80}", format!("{name:<8}= {value:>20}")).into_bytes())
        .collect();
    bytes.extend(format!("{:<80}", "END").bytes());
    bytes.resize(bytes.len().next_multiple_of(2880), b' ');
    bytes.resize(bytes.len() + 2880, 0);
    bytes
}
