//! Ctrl-C, as the terminal sends it.

use crate::harness::{Bench, small};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

#[test]
fn ctrl_c_ends_soon_and_leaves_nothing() {
    let bench = Bench::new();
    // Five seconds of work: in the first the frames are read, then they are combined.
    bench.night("night", small(240));
    std::fs::write(bench.path("old.fits"), "precious").unwrap();
    for (args, wait) in [
        (&["-o", "s.fits"][..], 500),
        (&["-o", "old.fits", "--overwrite", "--memory", "1G"], 1800),
        (&["-o", "out", "--by", "chunk"], 800),
    ] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_crowdsky"));
        command.args(["stack", "night"]).args(args).current_dir(bench.path("."));
        let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        std::thread::sleep(Duration::from_millis(wait));
        let sent = Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
        assert!(sent.success(), "it ended within {wait} ms");
        let started = Instant::now();
        let output = child.wait_with_output().unwrap();
        let told = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{args:?}: {told}");
        assert!(told.contains("interrupted") && told.lines().count() == 1, "{told}");
        assert!(started.elapsed() < Duration::from_secs(2), "{:?}", started.elapsed());
        let left: Vec<String> = bench.list(".").into_iter().filter(|name| name != "out").collect();
        assert_eq!(left, ["night", "old.fits"]);
        assert_eq!(std::fs::read(bench.path("old.fits")).unwrap(), b"precious");
    }
    assert_eq!(bench.list("out"), [""; 0]);
}
