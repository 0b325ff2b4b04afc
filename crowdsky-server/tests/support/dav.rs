//! WebDAV servers: Debian's, started by `ci/webdav/start.sh`, and one in this process.

use super::port::Port;
use dav_server::{DavHandler, localfs::LocalFs};
use std::path::Path;
use std::process::{Command, Stdio};
use tempfile::TempDir;

/// A running server.
#[derive(Debug)]
pub(crate) struct Dav {
    folder: TempDir,
    port: u16,
    /// Of a server that was started: its process number, and its port as long as it runs.
    started: Option<(String, Port)>,
}

impl Dav {
    /// Starts `rclone`, `apache`, `nginx` or `wsgidav`. That it does not start is a failure.
    pub(crate) fn start(kind: &str) -> Dav {
        let folder = tempfile::tempdir().unwrap();
        let port = Port::any();
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../ci/webdav/start.sh");
        let started = Command::new(script)
            .args([kind, &port.number().to_string()])
            .arg(folder.path())
            .stdin(Stdio::null())
            .output()
            .unwrap();
        assert!(
            started.status.success(),
            "{kind} did not start: {}",
            String::from_utf8_lossy(&started.stderr)
        );
        let pid = String::from_utf8(started.stdout).unwrap().trim().to_owned();
        Dav { folder, port: port.number(), started: Some((pid, port)) }
    }

    /// The crate `dav-server` over a folder, in this process.
    pub(crate) async fn in_process() -> Dav {
        let folder = tempfile::tempdir().unwrap();
        let handler = DavHandler::builder()
            .filesystem(LocalFs::new(folder.path(), false, false, false))
            .build_handler();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let service = axum::Router::new().fallback(move |request: axum::extract::Request| {
            let handler = handler.clone();
            async move { handler.handle(request).await.map(axum::body::Body::new) }
        });
        tokio::spawn(async move { axum::serve(listener, service).await.unwrap() });
        Dav { folder, port, started: None }
    }

    /// Its base address.
    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}/", self.port)
    }

    /// Where the one in this process keeps its objects.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Name and password, if it wants one.
    pub(crate) fn credentials(&self) -> Option<(&str, &str)> {
        None
    }
}

impl Drop for Dav {
    fn drop(&mut self) {
        if let Some((pid, _)) = &self.started {
            let _ = Command::new("kill").arg(pid).status();
        }
    }
}
