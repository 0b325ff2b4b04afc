//! Frames added to a stack, whose state lies beside it.

use crate::harness::{Bench, small};

/// A night of twelve frames, of which the first eight lie in `first` as well.
fn bench() -> (Bench, Vec<String>) {
    let bench = Bench::new();
    let files = bench.night("night", small(12));
    std::fs::create_dir(bench.path("first")).unwrap();
    let names: Vec<String> =
        files.iter().map(|f| f.file_name().unwrap().to_str().unwrap().to_owned()).collect();
    for name in &names[..8] {
        std::fs::copy(bench.path("night").join(name), bench.path("first").join(name)).unwrap();
    }
    (bench, names)
}

#[test]
fn a_folder_that_grew_is_added_to_its_stack() {
    let (bench, names) = bench();
    bench.crowdsky(["stack", "first", "-o", "s.fits", "--report", "s.json"]).succeeds();
    assert_eq!(bench.list("."), ["first", "night", "s.fits", "s.fits.state", "s.json"]);
    assert_eq!(bench.json("s.json")["append"], serde_json::Value::Null);
    for name in &names[8..] {
        std::fs::copy(bench.path("night").join(name), bench.path("first").join(name)).unwrap();
    }
    bench.crowdsky(["stack", "first", "-o", "s.fits", "--report", "s.json", "--append"]).succeeds();
    let report = bench.json("s.json");
    assert_eq!((&report["append"], &report["n_accepted"]), (&"exact".into(), &12.into()));
    bench.crowdsky(["stack", "first", "-o", "s.fits", "--append"]).fails(3, &["nothing to add", "12 frames"]);

    // All at once on the same grid: the same but for what the report says of paths.
    let reference = report["frames"].as_array().unwrap().iter().position(|f| f["reference"] == true).unwrap();
    bench.crowdsky(["stack", "night", "-o", "a.fits", "--reference", &names[reference]]).succeeds();
    let planes = |name: &str| {
        let stack = crowdsky_stack::files::read_planes(&bench.path(name)).unwrap();
        (stack.planes, stack.variance.unwrap(), stack.footprint)
    };
    let (added, all) = (planes("s.fits"), planes("a.fits"));
    assert_eq!(added.2, all.2);
    for band in 0..3 {
        for ((a, b), v) in added.0[band].iter().zip(&all.0[band]).zip(&all.1[band]) {
            assert!(a.is_nan() && b.is_nan() || (a - b).abs() <= 1e-4 * v.sqrt(), "{a} is not {b}");
        }
    }
}

#[test]
fn where_raw_frames_are_gone_it_says_so_and_adds_by_weight() {
    let (bench, names) = bench();
    bench.crowdsky(["stack", "first", "-o", "s.fits"]).succeeds();
    for name in &names[..8] {
        std::fs::remove_file(bench.path("first").join(name)).unwrap();
        std::fs::remove_file(bench.path("night").join(name)).unwrap();
    }
    let run = bench.crowdsky(["stack", "night", "-o", "s.fits", "--append", "--json"]);
    assert_eq!((run.status, run.err.lines().count()), (0, 1), "{run:?}");
    for words in ["8 of 8 frames", &names[0], "added to the planes of s.fits"] {
        assert!(run.err.contains(words), "{run:?}");
    }
    let report = run.json();
    assert_eq!((&report["append"], &report["n_accepted"]), (&"approximate".into(), &12.into()));
}

#[test]
fn a_frame_that_moved_is_known_again() {
    let (bench, _) = bench();
    bench.crowdsky(["stack", "first", "-o", "s.fits"]).succeeds();
    std::fs::remove_dir_all(bench.path("first")).unwrap();
    let run = bench.crowdsky(["stack", "night", "-o", "s.fits", "--append", "--json"]);
    assert_eq!(run.succeeds().json()["append"], "exact");
}

#[test]
fn what_cannot_be_added_to_is_named() {
    let (bench, _) = bench();
    bench
        .crowdsky(["stack", "night", "-o", "s.fits", "--append"])
        .fails(1, &["s.fits.state", "leave out --append"]);
    bench.crowdsky(["stack", "first", "-o", "s.fits"]).succeeds();
    let run = bench.crowdsky(["stack", "night", "-o", "s.fits", "--append", "--sigma", "3"]);
    run.fails(1, &["--sigma 4", "--sigma 3"]);
    std::fs::write(bench.path("s.fits.state"), "CrowdSky state\n\u{1}nonsense").unwrap();
    bench.crowdsky(["stack", "night", "-o", "s.fits", "--append"]).fails(1, &["s.fits.state", "damaged"]);
    bench.crowdsky(["stack", "night", "-o", "s.fits"]).fails(1, &["s.fits exists already"]);
    bench
        .crowdsky(["stack", "night", "-o", "out", "--append", "--by", "chunk"])
        .fails(2, &["--append", "--by"]);
}
