//! The command line inside another program.

use crate::harness::{Bench, small};
use crowdsky_server::cli::{inspect_json, run_from};
use serde_json::Value as Json;
use std::path::Path;

// What fails prints, and is in the documentation of `run_from`.
#[test]
fn a_role_runs_again_and_again() {
    let bench = Bench::new();
    bench.night("night", small(3));
    let [night, out] = ["night", "s.fits"].map(|name| bench.path(name).to_str().unwrap().to_owned());
    let made = [(); 2].map(|()| {
        assert_eq!(
            run_from(["python -m crowdsky", "stack", &night, "-o", &out, "--quiet", "--overwrite"]),
            0
        );
        std::fs::read(&out).unwrap()
    });
    assert!(made[0] == made[1]);
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
