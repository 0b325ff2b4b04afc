//! `--by chunk`.

use crate::harness::{Bench, small};
use crowdsky_sim::Sensor;

/// Eight frames, four on each side of 19:00.
fn two_slots() -> crowdsky_sim::NightOptions {
    small(8).start("2025-10-24T18:59:16")
}

#[test]
fn each_chunk_has_its_stack_under_its_name() {
    let bench = Bench::new();
    bench.night("night", two_slots());
    std::fs::write(bench.path("night/notes.fit"), "no picture").unwrap();
    let args = ["stack", "night", "-o", "out", "--by", "chunk", "--preview", "out", "--report", "r.json"];
    let run = bench.crowdsky(args);
    assert!(run.succeeds().out.ends_with("2 of 2 chunks stacked\n"), "{}", run.out);
    assert!(run.out.contains("left out night/notes.fit (unreadable): "), "{}", run.out);

    let report = bench.json("r.json");
    let tile = report["chunks"][0]["healpix_key"].as_str().unwrap().rsplit("_").next().unwrap().to_owned();
    let stem = |slot: u32| format!("CrowdSky_4_NGC 188_10.0s_IRCUT_20251024.{slot}_{tile}");
    let names = [75, 76].map(|slot| [".fit", ".png"].map(|end| stem(slot) + end)).concat();
    assert_eq!(bench.list("out"), names);
    for (chunk, slot) in report["chunks"].as_array().unwrap().iter().zip([75, 76]) {
        assert_eq!(chunk["output"], format!("out/{}.fit", stem(slot)));
        assert_eq!((&chunk["n_input"], &chunk["report"]["n_accepted"]), (&4.into(), &4.into()));
        assert_eq!(chunk["report"]["chunk_key"], chunk["chunk_key"]);
        assert!(chunk["error"].is_null());
    }
    assert_eq!(report["left_out"][0]["reason"], "unreadable");

    // Again: nothing is done, or everything.
    std::fs::remove_file(bench.path("r.json")).unwrap();
    bench.crowdsky(args).fails(1, &["CrowdSky_4_", "exists already", "--overwrite"]);
    assert!(!bench.path("r.json").exists());
    bench.crowdsky(args.into_iter().chain(["--overwrite"])).succeeds();
    assert_eq!(bench.list("out"), names);
}

#[test]
fn two_telescopes_on_one_target_do_not_share_a_file() {
    let bench = Bench::new();
    bench.night("a", small(3));
    bench.night("b", small(3).sensor(Sensor::S30).seed(2));
    let report =
        bench.crowdsky(["stack", "a", "b", "-o", "out", "--by", "chunk", "--json"]).succeeds().json();
    let names = bench.list("out");
    assert_eq!(names.len(), 2);
    assert!(names.iter().any(|name| name.ends_with("_2.fit")), "{names:?}");
    let mut telescopes: Vec<&str> = report["chunks"]
        .as_array()
        .unwrap()
        .iter()
        .map(|chunk| chunk["telescope"].as_str().unwrap())
        .collect();
    telescopes.sort();
    assert_eq!(telescopes, ["S30_00000000", "S50_00000000"]);
}

#[test]
fn a_chunk_that_cannot_be_stacked_does_not_stop_the_others() {
    let bench = Bench::new();
    bench.night("night", two_slots());
    bench.night("lone", small(1).object("M 1").start("2025-10-24T18:00:00"));
    let run = bench.crowdsky(["stack", "lone", "night", "-o", "out", "--by", "chunk"]);
    assert_eq!(run.status, 0);
    assert!(
        run.err.starts_with("crowdsky stack: chunk 20251024.72_HP") && run.err.contains("nothing to stack"),
        "{run:?}"
    );
    assert!(run.out.ends_with("2 of 3 chunks stacked\n"), "{}", run.out);
}

#[test]
fn no_chunk_at_all_is_status_3() {
    let bench = Bench::new();
    bench.night("lone", small(1));
    let run = bench.crowdsky(["stack", "lone", "-o", "out", "--by", "chunk", "--json"]);
    assert_eq!(run.status, 3, "{run:?}");
    let chunk = &run.json()["chunks"][0];
    assert!(chunk["output"].is_null() && chunk["error"].as_str().unwrap().contains("at least 2"), "{chunk}");
    assert_eq!(bench.list("out"), [""; 0]);
    std::fs::create_dir(bench.path("none")).unwrap();
    std::fs::write(bench.path("none/notes.fit"), "no picture").unwrap();
    let run = bench.crowdsky(["stack", "none", "-o", "out", "--by", "chunk"]);
    run.fails(3, &["none of 1 frames is usable", "notes.fit: not a FITS file"]);
}
