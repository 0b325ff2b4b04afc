//! Ctrl-C, as the terminal sends it, and SIGTERM, as the system does.

use crate::harness::{Bench, small};
use crowdsky_fits::Limits;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

/// Numbers of signals, everywhere the same.
const INT: u32 = 2;
const TERM: u32 = 15;

#[test]
fn ctrl_c_ends_soon_and_leaves_nothing() {
    let bench = Bench::new();
    // Five seconds of work: in the first the frames are read, then they are combined.
    bench.night("night", small(240));
    std::fs::write(bench.path("old.fits"), "precious").unwrap();
    for (signal, args, mut wait) in [
        (INT, &["-o", "s.fits"][..], 500),
        (TERM, &["-o", "old.fits", "--overwrite", "--memory", "1G"], 1600),
        (INT, &["-o", "out", "--by", "chunk"], 800),
    ] {
        // On a fast machine it may be done by then: the signal has to come earlier.
        let (output, ended) = loop {
            let (output, ended) = interrupted(&bench, signal, args, wait);
            if output.status.code() != Some(0) {
                break (output, ended);
            }
            assert!(wait > 20, "{args:?} ends too soon to be interrupted");
            wait /= 2;
            std::fs::write(bench.path("old.fits"), "precious").unwrap();
            for name in bench.list(".").iter().filter(|name| !["night", "old.fits"].contains(&name.as_str()))
            {
                let path = bench.path(name);
                if path.is_dir() { std::fs::remove_dir_all(path) } else { std::fs::remove_file(path) }
                    .unwrap();
            }
        };
        let told = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{args:?}: {told}");
        assert!(told.contains("interrupted") && told.lines().count() == 1, "{told}");
        assert!(ended < Duration::from_secs(5), "{ended:?}");
        let left: Vec<String> = bench.list(".").into_iter().filter(|name| name != "out").collect();
        assert_eq!(left, ["night", "old.fits"]);
        assert_eq!(std::fs::read(bench.path("old.fits")).unwrap(), b"precious");
    }
    // Chunks that were done before the signal stay, and each is whole.
    if bench.path("out").exists() {
        for name in bench.list("out") {
            assert!(name.ends_with(".fit"), "{name} is half of a file");
            let file = std::fs::read(bench.path("out").join(&name)).unwrap();
            assert_eq!(crowdsky_fits::verify(&file[..], &Limits::default()).unwrap(), [], "{name}");
        }
    }
}

/// Sends the signal `wait` ms after the start, or as soon after that as it is caught; what came out, and how long the end took.
fn interrupted(bench: &Bench, signal: u32, args: &[&str], wait: u64) -> (Output, Duration) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_crowdsky"));
    command.args(["stack", "night"]).args(args).current_dir(bench.path("."));
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    std::thread::sleep(Duration::from_millis(wait));
    wait_until_caught(child.id(), signal);
    let sent = Command::new("kill").args([format!("-{signal}"), child.id().to_string()]).status().unwrap();
    assert!(sent.success());
    let started = Instant::now();
    (child.wait_with_output().unwrap(), started.elapsed())
}

/// A signal that comes before the process looks out for it ends it as if it did not. One that has ended by itself catches none.
fn wait_until_caught(pid: u32, signal: u32) {
    let begin = Instant::now();
    loop {
        // What the system says of a process; Linux alone has it.
        let Ok(status) = std::fs::read_to_string(format!("/proc/{pid}/status")) else { return };
        let field = |name: &str| status.lines().find_map(|line| line.strip_prefix(name)).unwrap().trim();
        let caught = u64::from_str_radix(field("SigCgt:"), 16).unwrap();
        if caught >> (signal - 1) & 1 == 1 || field("State:").starts_with('Z') {
            return;
        }
        assert!(begin.elapsed() < Duration::from_secs(20), "the signal is never caught");
        std::thread::sleep(Duration::from_millis(5));
    }
}
