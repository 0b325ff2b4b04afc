//! What is stored has no address of its own.

use crate::support::app::TestApp;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// Asks with the path as it is written: clients of HTTP tidy it up.
async fn status(server: &TestApp, path: &str, cookie: &str) -> u16 {
    let address = server.url.strip_prefix("http://").unwrap();
    let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
    let ask =
        format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nCookie: {cookie}\r\nConnection: close\r\n\r\n");
    stream.write_all(ask.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    let line = String::from_utf8_lossy(&answer[..answer.len().min(64)]).into_owned();
    line.split(' ').nth(1).unwrap_or_else(|| panic!("{path}: {line:?}")).parse().unwrap()
}

/// In the original the raws lay below the pages, under names that could be guessed (U-17).
#[tokio::test(flavor = "multi_thread")]
async fn u17_the_data_folder_is_not_served() {
    let server = TestApp::start().await;
    let (owner, browser) = server.user("owner").await;
    let made = server.stacked(&owner, "M 42").await;
    let (_, job) = server.queued(&owner, "M 43").await;
    let raw = server.app.store.job_files(job).await.unwrap()[0].key.clone();
    let stack = server.app.store.stack(owner.id, made.stack).await.unwrap().unwrap().made.fits.key;
    let folder = server.folder.path();
    assert!(folder.join("raws").join(&raw).exists() && folder.join("stacks").join(&stack).exists());
    let stored = [format!("raws/{raw}"), raw, format!("stacks/{stack}"), stack, "crowdsky.sqlite".to_owned()];
    let cookie = browser.cookie();
    for file in &stored {
        for before in [
            "/",
            "/crowdsky-data/",
            "/data/",
            "/uploads/",
            "/static/",
            "/static/../",
            "/static/../../",
            "/static/..%2f",
            "/static/%2e%2e/",
            "/static/..\\",
            "//",
            "/.",
            "/api/v1/",
            "/download.php/",
        ] {
            let path = format!("{before}{file}");
            assert_eq!(status(&server, &path, cookie).await, 404, "{path}");
        }
    }
    // By its whole name, too.
    for file in &stored {
        let path = folder.join(file).display().to_string();
        for path in [path.clone(), format!("/static/{path}"), format!("/static//..{path}")] {
            assert_eq!(status(&server, &path, cookie).await, 404, "{path}");
        }
    }
    assert_eq!(
        status(&server, "/static/style.css", cookie).await,
        200,
        "the question is put as it should be"
    );
}
