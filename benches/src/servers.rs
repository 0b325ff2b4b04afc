//! Servers of others, each on loopback and in a folder of its own: started by the scripts of `ci/`, stopped when dropped.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;
use tempfile::TempDir;
use tokio::net::TcpSocket;

/// A running server.
#[derive(Debug)]
pub struct Server {
    folder: TempDir,
    port: u16,
    /// Bound and never listened at: so the port is nobody else's, and the server's all the same, for it sets SO_REUSEADDR.
    _reserved: TcpSocket,
    pid: String,
}

impl Server {
    /// A MariaDB in a new folder in `place`; none if there is none on this machine.
    #[must_use]
    pub fn mariadb(place: &Path) -> Option<Server> {
        Server::start("mariadbd", "mariadb", &[], place)
    }

    /// A WebDAV server (`nginx`, `rclone`, ...) in a new folder in `place`; none if there is none on this machine.
    #[must_use]
    pub fn webdav(kind: &str, place: &Path) -> Option<Server> {
        Server::start(kind, "webdav", &[kind], place)
    }

    fn start(program: &str, scripts: &str, args: &[&str], place: &Path) -> Option<Server> {
        // Debian's servers lie where the PATH of a user does not lead.
        let path = format!("{}:/usr/sbin", std::env::var("PATH").unwrap_or_default());
        if !std::env::split_paths(&path).any(|folder| folder.join(program).is_file()) {
            return None;
        }
        let folder = tempfile::tempdir_in(place).expect("the folder can be written to");
        let (reserved, port) = reserve().expect("a free port");
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../ci").join(scripts).join("start.sh");
        let mut command = Command::new(script);
        command.args(args).arg(port.to_string()).arg(folder.path()).env("PATH", path);
        let started = command.stdin(Stdio::null()).output().expect("the script can be run");
        // What is installed and does not start is a fault, as in the tests.
        let said = String::from_utf8_lossy(&started.stderr);
        assert!(started.status.success(), "{program} did not start: {said}");
        let pid = String::from_utf8_lossy(&started.stdout).trim().to_owned();
        Some(Server { folder, port, _reserved: reserved, pid })
    }

    /// The address of MariaDB's own test schema, as the settings want it.
    #[must_use]
    pub fn database_url(&self) -> String {
        let socket = self.folder.path().join("s");
        let made = Command::new("mariadb")
            .args(["--no-defaults", "-u", "root", "-e", "CREATE DATABASE IF NOT EXISTS crowdsky", "-S"])
            .arg(socket)
            .status();
        assert!(made.is_ok_and(|status| status.success()), "the database cannot be made");
        format!("mysql://crowdsky:for-tests-only@127.0.0.1:{}/crowdsky", self.port)
    }

    /// The address of a WebDAV server.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Where a WebDAV server keeps its files.
    #[must_use]
    pub fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn kill(&self, signal: &str) -> bool {
        let status = Command::new("kill").args([signal, &self.pid]).stderr(Stdio::null()).status();
        status.is_ok_and(|status| status.success())
    }
}

/// A port that nobody is given while the socket is there.
fn reserve() -> std::io::Result<(TcpSocket, u16)> {
    let socket = TcpSocket::new_v4()?;
    socket.set_reuseaddr(true)?;
    socket.bind((std::net::Ipv4Addr::LOCALHOST, 0).into())?;
    let port = socket.local_addr()?.port();
    Ok((socket, port))
}

impl Drop for Server {
    fn drop(&mut self) {
        // Asked first: nginx takes its worker along only then.
        self.kill("-TERM");
        // It must be gone before its folder is; MariaDB takes a second or two to tidy up.
        for tries in 0..500 {
            if !self.kill("-0") {
                return;
            }
            if tries == 300 {
                self.kill("-9");
            }
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}
