//! The command line inside another program.

use crate::harness::{Bench, small};
use crowdsky_server::cli::{inspect_json, run_from};
use serde_json::Value as Json;
use std::path::Path;

#[test]
fn the_status_is_given_and_the_process_goes_on() {
    let bench = Bench::new();
    bench.night("night", small(3));
    let (night, out) = (bench.path("night"), bench.path("s.fits"));
    let run = |args: &[&str]| run_from(["python -m crowdsky"].iter().chain(args));
    let stack = ["stack", night.to_str().unwrap(), "-o", out.to_str().unwrap(), "--quiet"];
    assert_eq!(run(&stack), 0);
    assert_eq!(run(&stack), 1, "the stack is there already");
    assert_eq!(run(&[&stack[..], &["--overwrite"]].concat()), 0);
    assert_eq!(run(&["stack", "missing", "-o", out.to_str().unwrap(), "--overwrite"]), 3);
    assert_eq!(run(&["inspect", "missing.fit"]), 1);
    // Found by the parser, and by the role.
    assert_eq!(run(&["polish"]), 2);
    assert_eq!(run(&[&stack[..], &["--by", "chunk", "--reference", "a.fit"]].concat()), 2);
    assert_eq!(run(&["stack", "--help"]), 0);
    assert_eq!(run(&[]), 2);
}

#[test]
fn a_file_is_told_of_as_by_the_role() {
    let bench = Bench::new();
    let mut files = bench.night("night", small(1));
    files.push(bench.path("missing.fit"));
    for file in &files {
        let report = bench.crowdsky(["inspect", file.to_str().unwrap(), "--json"]).json();
        let told: Json = serde_json::from_str(&inspect_json(file).unwrap()).unwrap();
        assert_eq!(told, report["files"][0]);
    }
    let told: Json = serde_json::from_str(&inspect_json(Path::new("missing.fit")).unwrap()).unwrap();
    assert_eq!((&told["usable"], &told["facts"]), (&false.into(), &Json::Null));
    assert!(told["error"].as_str().unwrap().contains("cannot be opened"), "{told}");
}
