//! One contract for every server: in this process, and the real ones that ci/webdav/start.sh starts.

use bytes::Bytes;
use crowdsky_webdav::{Client, Config, Credentials, Error, Overwrite, RemotePath};
use futures_util::{StreamExt, TryStreamExt};
use std::path::Path;
use std::process::{Command, Stdio};
use tokio::net::TcpSocket;

fn path(text: &str) -> RemotePath {
    RemotePath::parse(text).unwrap()
}

async fn contract(base: &str) {
    story(base).await;
    // A folder that is not there yet, below one that is.
    let below = format!("{base}sky/stacks of 2026/");
    let client = Client::new(Config::new(&below, Credentials::None).unwrap()).unwrap();
    assert!(client.probe().await.is_err(), "the folder above is not ours to make");
    let above = Client::new(Config::new(base, Credentials::None).unwrap()).unwrap();
    above.mkcol(&path("sky")).await.unwrap();
    story(&below).await;
}

async fn story(base: &str) {
    let client = Client::new(Config::new(base, Credentials::None).unwrap()).unwrap();
    client.probe().await.unwrap();
    let (name, body) = (path("a/b c/M 31 +1.0%#ä.fit"), Bytes::from(vec![7; 200_000]));
    client.publish_bytes(&name, body.clone(), Overwrite::Fail).await.unwrap();
    assert_eq!(client.get_bytes(&name, 1 << 20).await.unwrap(), body);
    assert_eq!(client.head(&name).await.unwrap().unwrap().size, Some(200_000));
    let again = client.publish_bytes(&name, Bytes::from("x"), Overwrite::Fail).await;
    assert!(matches!(again, Err(Error::Exists { .. })), "{again:?}");
    assert_eq!(client.get_bytes(&name, 1 << 20).await.unwrap(), body, "the first one stays");
    client.publish_bytes(&name, Bytes::from("0123456789"), Overwrite::Replace).await.unwrap();
    let mut range = client.get_range(&name, 2..5).await.unwrap().stream;
    assert_eq!(range.next().await.unwrap().unwrap(), "234");
    let listed = client.list(name.parent().as_ref()).await.unwrap();
    let listed: Vec<_> = listed.into_iter().map(|entry| (entry.path.unwrap(), entry.size)).collect();
    assert_eq!(listed, [(name.clone(), Some(10))], "no part is left");
    assert_eq!(client.walk(None).try_collect::<Vec<_>>().await.unwrap().len(), 3);
    client.mkcol(&path("a")).await.unwrap();
    let short = futures_util::stream::iter([Ok(Bytes::from("abc"))]);
    let short = client.publish_stream(&path("a/short"), 4, short, Overwrite::Fail).await;
    assert!(matches!(short, Err(Error::Source { .. })), "{short:?}");
    let long = futures_util::stream::iter([Ok(Bytes::from("abc")), Ok(Bytes::from("de"))]);
    let long = client.publish_stream(&path("a/long"), 3, long, Overwrite::Fail).await;
    assert!(matches!(long, Err(Error::Source { .. })), "{long:?}");
    assert_eq!(client.head(&path("a/long")).await.unwrap(), None);
    client.delete(&name).await.unwrap();
    client.delete(&name).await.unwrap();
    assert_eq!(client.head(&name).await.unwrap(), None);
    // The folders are gone and the client has to notice.
    client.delete_collection(&path("a")).await.unwrap();
    client.publish_bytes(&name, body, Overwrite::Fail).await.unwrap();
}

#[tokio::test]
async fn dav_server_in_this_process() {
    let folder = tempfile::tempdir().unwrap();
    let dav = dav_server::DavHandler::builder()
        .filesystem(dav_server::localfs::LocalFs::new(folder.path(), false, false, false))
        .build_handler();
    let app = axum::Router::new().fallback(move |request: axum::extract::Request| {
        let dav = dav.clone();
        async move { dav.handle(request).await.map(axum::body::Body::new) }
    });
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}/", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, app).await });
    contract(&base).await;
}

/// A real server, stopped when dropped.
struct Server {
    pid: String,
    base: String,
    /// Bound and never listened at: so the port is nobody else's, and the server's all the same, for it sets SO_REUSEADDR.
    _port: TcpSocket,
    _folder: tempfile::TempDir,
}

impl Server {
    fn start(kind: &str) -> Server {
        let folder = tempfile::tempdir().unwrap();
        let reserved = TcpSocket::new_v4().unwrap();
        reserved.set_reuseaddr(true).unwrap();
        reserved.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let port = reserved.local_addr().unwrap().port();
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../ci/webdav/start.sh");
        let output = Command::new(script)
            .args([kind, &port.to_string()])
            .arg(folder.path())
            .stderr(Stdio::inherit())
            .output()
            .unwrap();
        assert!(output.status.success(), "{kind} does not start");
        let pid = String::from_utf8(output.stdout).unwrap().trim().to_owned();
        Server { pid, base: format!("http://127.0.0.1:{port}/"), _port: reserved, _folder: folder }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        Command::new("kill").arg(&self.pid).status().unwrap();
    }
}

#[tokio::test]
async fn rclone() {
    contract(&Server::start("rclone").base).await;
}

#[tokio::test]
async fn apache_mod_dav() {
    contract(&Server::start("apache").base).await;
}

#[tokio::test]
async fn nginx_dav_ext() {
    contract(&Server::start("nginx").base).await;
}

#[tokio::test]
async fn wsgidav() {
    contract(&Server::start("wsgidav").base).await;
}
