//! A MariaDB of the test's own, on loopback, gone with it. That it does not start is a failure, never a skip.

use super::port::Port;
use std::path::Path;
use std::process::{Command, Stdio};
use tempfile::TempDir;

/// A running server.
#[derive(Debug)]
pub(crate) struct Mariadb {
    folder: TempDir,
    port: Port,
    pid: String,
}

impl Mariadb {
    /// Starts one; takes a few seconds.
    pub(crate) fn start() -> Mariadb {
        let folder = tempfile::tempdir().unwrap();
        let port = Port::any();
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../ci/mariadb/start.sh");
        let started = Command::new(script)
            .arg(port.number().to_string())
            .arg(folder.path())
            // A server that starts removes temporary tables of others from the folder they share.
            .env("TMPDIR", folder.path())
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&started.stderr);
        assert!(started.status.success(), "MariaDB did not start: {said}");
        let pid = String::from_utf8(started.stdout).unwrap().trim().to_owned();
        Mariadb { folder, port, pid }
    }

    /// Its port.
    pub(crate) fn port(&self) -> u16 {
        self.port.number()
    }

    /// Address of the database `name`, which is made if it is not there.
    pub(crate) fn url(&self, name: &str) -> String {
        self.url_at(name, self.port())
    }

    /// The same by way of another port.
    pub(crate) fn url_at(&self, name: &str, port: u16) -> String {
        let made = Command::new("mariadb")
            .args([
                "--no-defaults",
                "-u",
                "root",
                "-e",
                &format!("CREATE DATABASE IF NOT EXISTS {name}"),
                "-S",
            ])
            .arg(self.folder.path().join("s"))
            .output()
            .unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        format!("mysql://crowdsky:for-tests-only@127.0.0.1:{port}/{name}")
    }
}

impl Drop for Mariadb {
    fn drop(&mut self) {
        let _ = Command::new("kill").args(["-9", &self.pid]).status();
    }
}
