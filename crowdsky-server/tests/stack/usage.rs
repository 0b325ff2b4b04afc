//! Options that make no sense, or not yet.

use crate::harness::Bench;

#[test]
fn wrong_usage_is_status_2() {
    let bench = Bench::new();
    let stack = |args: &[&str]| bench.crowdsky(["stack", "night", "-o", "s.fits"].iter().chain(args));
    stack(&["--method", "best"]).fails(2, &["auto, lsq, mean or median"]);
    stack(&["--share", "a little"]).fails(2, &["on", "off"]);
    stack(&["--sigma", "0.5"]).fails(2, &["1.5 to 100"]);
    stack(&["--sigma", "NaN"]).fails(2, &["1.5 to 100"]);
    stack(&["--memory", "much"]).fails(2, &["500M"]);
    stack(&["--bayer", "RGB"]).fails(2, &["RGGB"]);
    stack(&["--threads", "0"]).fails(2, &["--threads"]);
    stack(&["--layout", "tiff"]).fails(2, &["cube"]);
    stack(&["--by", "night"]).fails(2, &["chunk"]);
    stack(&["--by", "chunk", "--reference", "a.fit"]).fails(2, &["--reference"]);
    bench.crowdsky(["stack", "night"]).fails(2, &["--output"]);
    bench.crowdsky(["polish"]).fails(2, &["polish"]);
    assert_eq!(bench.crowdsky([""; 0]).status, 2);
}

#[test]
fn what_is_the_default_may_be_said() {
    let bench = Bench::new();
    let run = bench.crowdsky(["stack", "night", "-o", "s.fits", "--share", "off", "--reference", "auto"]);
    run.fails(3, &["night"]);
}

#[test]
fn every_role_explains_itself() {
    let bench = Bench::new();
    let explains = |role: &str| {
        let run = bench.crowdsky([role, "--help"]);
        assert!(run.succeeds().out.contains(&format!("\n  crowdsky {role} ")), "{}", run.out);
    };
    ["stack", "inspect", "simulate"].iter().for_each(|role| explains(role));
    for role in ["demo", "serve", "worker", "migrate", "fsck", "user", "worker-token", "config"] {
        if cfg!(feature = "service") {
            explains(role);
        } else {
            let missing = ["this build does not have", "cargo install crowdsky-server"];
            bench.crowdsky([role, "--help"]).fails(2, &missing);
            bench.crowdsky(["help", role]).fails(2, &missing);
        }
    }
    let run = bench.crowdsky(["--version"]);
    assert_eq!(run.succeeds().out, format!("crowdsky {}\n", env!("CARGO_PKG_VERSION")));
}
