//! `crowdsky serve` as a process of its own: started, killed, started again on the same rows and bytes.

use super::places::Places;
use std::fs::File;
use std::io::{BufRead, BufReader, Read, Seek};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

/// A server and the folder it lives in.
#[derive(Debug)]
pub(super) struct Server {
    child: Child,
    /// `http://127.0.0.1:PORT`.
    pub(super) url: String,
    config: PathBuf,
    log: PathBuf,
}

impl Server {
    /// Migrates and starts. `more` is TOML that is added to the settings of the places.
    pub(super) fn start(places: &Places, more: &str) -> Server {
        let config = places.folder().join("config.toml");
        std::fs::write(&config, format!("{}\n{more}", places.settings())).unwrap();
        let migrated = crowdsky(&config, &["migrate"]);
        assert!(migrated.status.success(), "{}", String::from_utf8_lossy(&migrated.stderr));
        Server::spawn(&config, places.folder())
    }

    fn spawn(config: &Path, folder: &Path) -> Server {
        let log = folder.join("server.log");
        let stderr = File::options().create(true).append(true).open(&log).unwrap();
        let mut child = Command::new(env!("CARGO_BIN_EXE_crowdsky"))
            .args(["serve", "--config"])
            .arg(config)
            .args(["--listen", "127.0.0.1:0"])
            // Far from UTC, and not by whole hours: no time on the wire may lean on it (U-33).
            .env("TZ", "Asia/Kathmandu")
            .stdout(Stdio::piped())
            .stderr(stderr)
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let Some(url) = line.trim().strip_prefix("listening on ").map(str::to_owned) else {
            let _ = child.kill();
            panic!("the server did not start, it said {line:?}\n{}", std::fs::read_to_string(&log).unwrap());
        };
        Server { child, url, config: config.to_owned(), log }
    }

    /// Ends it as a power cut would, and starts it again; the address changes.
    pub(super) fn kill_and_restart(&mut self) {
        self.kill();
        let folder = self.log.parent().unwrap().to_owned();
        let mut next = Server::spawn(&self.config.clone(), &folder);
        std::mem::swap(self, &mut next);
    }

    /// Ends it as a power cut would.
    pub(super) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Its process number.
    pub(super) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Asks it to end, and gives its exit status.
    pub(super) fn terminate(mut self) -> Option<i32> {
        let killed = Command::new("kill").args(["-TERM", &self.pid().to_string()]).status().unwrap();
        assert!(killed.success());
        let begin = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.code();
            }
            assert!(begin.elapsed() < Duration::from_secs(60), "it does not end\n{}", self.log_tail());
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// What `crowdsky fsck --json` says; the server may run or not.
    pub(super) fn fsck(&self) -> (i32, serde_json::Value) {
        let output = crowdsky(&self.config, &["fsck", "--json"]);
        let report = serde_json::from_slice(&output.stdout)
            .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&output.stderr)));
        (output.status.code().unwrap(), report)
    }

    /// Runs another role with the same settings.
    pub(super) fn role(&self, args: &[&str]) -> Output {
        crowdsky(&self.config, args)
    }

    /// All of its log.
    pub(super) fn log(&self) -> String {
        String::from_utf8_lossy(&std::fs::read(&self.log).unwrap()).into_owned()
    }

    /// The last 4 kB of its log, for messages of tests that fail.
    pub(super) fn log_tail(&self) -> String {
        let mut file = File::open(&self.log).unwrap();
        let size = file.metadata().unwrap().len();
        file.seek(std::io::SeekFrom::Start(size.saturating_sub(4096))).unwrap();
        let mut tail = Vec::new();
        file.read_to_end(&mut tail).unwrap();
        String::from_utf8_lossy(&tail).into_owned()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn crowdsky(config: &Path, args: &[&str]) -> Output {
    let (role, rest) = args.split_first().unwrap();
    Command::new(env!("CARGO_BIN_EXE_crowdsky"))
        .arg(role)
        .arg("--config")
        .arg(config)
        .args(rest)
        .output()
        .unwrap()
}
