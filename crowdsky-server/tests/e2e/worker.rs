//! `crowdsky worker` as a process of its own, on the same machine as its server.

use super::places::Places;
use super::server::Server;
use std::ffi::OsStr;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// A worker that runs, or has ended.
#[derive(Debug)]
pub(super) struct Worker {
    child: Child,
    log: PathBuf,
}

/// What a worker is started with.
#[derive(Debug, Clone)]
pub(super) struct Recipe {
    server: String,
    folder: PathBuf,
    name: String,
    token: PathBuf,
    config: PathBuf,
}

impl Recipe {
    /// A worker of this name with a new token; `more` is TOML for its settings.
    pub(super) fn new(places: &Places, server: &Server, name: &str, more: &str) -> Recipe {
        let made = server.role(&["worker-token", "new", name]);
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        let folder = places.folder().to_owned();
        let (token, config) = (folder.join(format!("{name}.token")), folder.join(format!("{name}.toml")));
        std::fs::write(&token, made.stdout).unwrap();
        let scratch = folder.join("scratch");
        let own = format!("[worker]\nname = {name:?}\nscratch = {:?}\n{more}", scratch.to_str().unwrap());
        std::fs::write(&config, own).unwrap();
        Recipe { server: server.url.clone(), folder, name: name.to_owned(), token, config }
    }

    /// Starts it with these options, and is killed at `fail_point` if there is one.
    pub(super) fn start(&self, options: &[&str], fail_point: Option<&str>) -> Worker {
        self.start_in(options, fail_point.map(|point| ("CROWDSKY_FAIL_POINT", OsStr::new(point))))
    }

    /// Starts it with these options, and it is held at `fail_point` until this new file is gone; comes back when it is there.
    pub(super) fn start_held(&self, options: &[&str], fail_point: &str, file: &Path) -> Worker {
        std::fs::write(file, "").unwrap();
        let variables =
            [("CROWDSKY_FAIL_POINT", OsStr::new(fail_point)), ("CROWDSKY_FAIL_HOLD", file.as_os_str())];
        let worker = self.start_in(options, variables);
        let begin = Instant::now();
        while !worker.log().contains("held at a fail point") {
            assert!(begin.elapsed() < Duration::from_secs(90), "never at {fail_point}\n{}", worker.log());
            std::thread::sleep(Duration::from_millis(20));
        }
        worker
    }

    fn start_in<'a>(
        &self,
        options: &[&str],
        variables: impl IntoIterator<Item = (&'a str, &'a OsStr)>,
    ) -> Worker {
        let log = self.folder.join(format!("{}.log", self.name));
        let stderr = File::options().create(true).append(true).open(&log).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_crowdsky"));
        command.args(["worker", "--server", &self.server, "--token-file"]).arg(&self.token);
        command.arg("--config").arg(&self.config).args(options);
        command.stdout(Stdio::null()).stderr(stderr).envs(variables);
        Worker { child: command.spawn().unwrap(), log }
    }
}

impl Worker {
    /// Sends it a signal, by name.
    pub(super) fn signal(&self, name: &str) {
        let sent = Command::new("kill").args([&format!("-{name}"), &self.child.id().to_string()]).status();
        assert!(sent.unwrap().success());
    }

    /// Waits for its end: its exit status, `None` if a signal has ended it.
    pub(super) fn end(&mut self, limit: Duration) -> Option<i32> {
        let begin = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.code();
            }
            assert!(begin.elapsed() < limit, "the worker does not end\n{}", self.log());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// All it has logged.
    pub(super) fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap()
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
