//! Outputs: asked about before any work, whole or not at all.

use crate::harness::{Bench, small};
use std::time::{Duration, Instant};

#[test]
fn what_exists_is_not_replaced_unasked() {
    let bench = Bench::new();
    bench.night("night", small(3));
    for taken in ["s.fits", "s.png", "s.json", "s.fits.state"] {
        std::fs::write(bench.path(taken), "precious").unwrap();
        let args = ["stack", "night", "-o", "s.fits", "--preview", "s.png", "--report", "s.json"];
        bench.crowdsky(args).fails(1, &[taken, "exists already", "--overwrite"]);
        assert_eq!(bench.list("."), ["night", taken]);
        assert_eq!(std::fs::read(bench.path(taken)).unwrap(), b"precious");
        bench.crowdsky(args.into_iter().chain(["--overwrite"])).succeeds();
        assert_eq!(bench.list("."), ["night", "s.fits", "s.fits.state", "s.json", "s.png"]);
        assert!(std::fs::metadata(bench.path(taken)).unwrap().len() > 1000);
        for made in ["s.fits", "s.png", "s.json", "s.fits.state"] {
            std::fs::remove_file(bench.path(made)).unwrap();
        }
    }
}

#[test]
fn outputs_are_checked_before_the_work() {
    let bench = Bench::new();
    // Three seconds of work, so that a check at its end would be noticed.
    let files = bench.night("night", small(240));
    let frame = files[0].to_str().unwrap();
    let refused = |args: &[&str], status: i32, words: &[&str]| {
        // The best of three, since a test machine may be busy.
        let soon = (0..3).any(|_| {
            let started = Instant::now();
            bench.crowdsky(["stack", "night"].iter().chain(args)).fails(status, words);
            started.elapsed() < Duration::from_secs(1)
        });
        assert!(soon, "{args:?} takes more than a second");
    };
    refused(&["-o", "no/such/s.fits"], 1, &["no/such/s.fits", "there is no folder no/such"]);
    refused(&["-o", "s.fits", "--preview", "gone/s.png"], 1, &["gone/s.png", "there is no folder"]);
    refused(&["-o", "night"], 1, &["night is a folder"]);
    refused(&["-o", frame, "--overwrite"], 1, &["is one of the frames"]);
    refused(&["-o", "s.fits", "--report", "./night/../s.fits"], 2, &["--output and --report"]);
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink(frame, bench.path("link.fits")).unwrap();
        refused(&["-o", "link.fits", "--overwrite"], 1, &["is one of the frames"]);
        refused(&["-o", "/dev/null", "--overwrite"], 1, &["/dev/null is not a regular file"]);
    }
    assert!(files.iter().all(|file| std::fs::metadata(file).unwrap().len() > 400_000));
}

/// Files may grow to 50 blocks of 512 or 1024 bytes, which the stack does not fit in; the write fails as on a full disk.
#[cfg(unix)]
#[test]
fn a_full_disk_leaves_nothing_behind() {
    let bench = Bench::new();
    bench.night("night", small(3));
    let full = "trap '' XFSZ; ulimit -f 50";
    bench.crowdsky_within(full, &["stack", "night", "-o", "s.fits"]).fails(1, &["s.fits", "too large"]);
    assert_eq!(bench.list("."), ["night"]);
    std::fs::write(bench.path("s.fits"), "precious").unwrap();
    bench.crowdsky_within(full, &["stack", "night", "-o", "s.fits", "--overwrite"]).fails(1, &["s.fits"]);
    assert_eq!(std::fs::read(bench.path("s.fits")).unwrap(), b"precious");
    assert_eq!(bench.list("."), ["night", "s.fits"]);
    let run = bench.crowdsky_within(full, &["stack", "night", "-o", "out", "--by", "chunk"]);
    run.fails(1, &["CrowdSky_3_", "too large"]);
    assert_eq!(bench.list("out"), [""; 0]);
}

#[test]
fn too_little_memory_is_refused_before_the_work() {
    let bench = Bench::new();
    bench.night("night", small(3));
    let run = bench.crowdsky(["stack", "night", "-o", "s.fits", "--memory", "10M"]);
    run.fails(1, &["3 frames need about", "10 MB are allowed"]);
    bench.crowdsky(["stack", "night", "-o", "s.fits", "--memory", "1.5G"]).succeeds();
    // What the message tells is enough, and gives the same stack.
    let needed: String =
        run.err.split("need about ").nth(1).unwrap().chars().take_while(char::is_ascii_digit).collect();
    let memory = format!("{needed}M");
    bench.crowdsky(["stack", "night", "-o", "t.fits", "--memory", &memory]).succeeds();
    assert!(std::fs::read(bench.path("s.fits")).unwrap() == std::fs::read(bench.path("t.fits")).unwrap());
}

#[test]
fn quiet_is_quiet() {
    let bench = Bench::new();
    bench.night("night", small(3));
    let run = bench.crowdsky(["stack", "night", "-o", "s.fits", "--quiet"]);
    assert_eq!(run.succeeds().out, "");
}
