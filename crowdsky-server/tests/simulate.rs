use crate::harness::Bench;
use crowdsky_sim::NightTruth;

const SMALL: [&str; 8] = ["simulate", "night", "--size", "200x300", "--stars", "150", "--frames", "3"];

#[test]
fn a_night_is_written_with_its_truth() {
    let bench = Bench::new();
    let run = bench
        .crowdsky(SMALL.into_iter().chain(["--object", "M 31", "--ra", "10.68", "--dec", "-5", "--flip"]));
    assert!(run.succeeds().out.starts_with("3 frames of M 31 in night: 1 MB, "), "{}", run.out);
    let names = bench.list("night");
    assert_eq!(names.len(), 4);
    assert!(names[0].starts_with("Light_M 31_10.0s_IRCUT_2025"), "{names:?}");
    let truth = NightTruth::load(&bench.path("night")).unwrap();
    assert_eq!(truth.frames.len(), 3);
}

#[test]
fn the_summary_speaks_json() {
    let bench = Bench::new();
    let options = [
        "--seed",
        "5",
        "--sensor",
        "s30-pro",
        "--bayer",
        "RGGB",
        "--exptime",
        "20",
        "--filter",
        "lp",
        "--json",
    ];
    let summary = bench.crowdsky(SMALL.into_iter().chain(options)).succeeds().json();
    assert_eq!(
        (&summary["frames"], &summary["width"], &summary["seed"]),
        (&3.into(), &200.into(), &5.into())
    );
    let first = summary["files"][0].as_str().unwrap();
    assert!(first.starts_with("Light_NGC 188_20.0s_LP_"), "{first}");
    let report = bench.crowdsky(["inspect", "night", "--json"]).succeeds().json();
    let facts = &report["files"][0]["facts"];
    assert_eq!(
        (&facts["bayer"], &facts["filter"], &facts["exptime_s"]),
        (&"RGGB".into(), &"LP".into(), &20.0.into())
    );
    assert_eq!(facts["instrument"], "imx585");
}

#[test]
fn the_same_seed_gives_the_same_bytes_and_another_gives_others() {
    let bench = Bench::new();
    for (folder, seed) in [("a", "1"), ("b", "1"), ("c", "2")] {
        let mut args = SMALL;
        args[1] = folder;
        bench.crowdsky(args.into_iter().chain(["--seed", seed, "--quiet"])).succeeds();
    }
    let name = &bench.list("a")[0];
    let read = |folder: &str| std::fs::read(bench.path(folder).join(name)).unwrap();
    assert!(read("a") == read("b"));
    assert!(read("a") != read("c"));
}

#[test]
fn a_folder_in_use_is_left_alone() {
    let bench = Bench::new();
    std::fs::create_dir(bench.path("night")).unwrap();
    std::fs::write(bench.path("night/mine.txt"), "mine").unwrap();
    bench.crowdsky(SMALL).fails(1, &["night is not empty", "--overwrite"]);
    assert_eq!(bench.list("night"), ["mine.txt"]);
    bench.crowdsky(SMALL.into_iter().chain(["--overwrite"])).succeeds();
    assert_eq!(bench.list("night").len(), 5);
    std::fs::write(bench.path("file"), "").unwrap();
    let mut args = SMALL;
    args[1] = "file";
    bench.crowdsky(args).fails(1, &["file"]);
}

#[test]
fn options_out_of_range_are_wrong_usage() {
    let bench = Bench::new();
    let simulate = |args: &[&str]| bench.crowdsky(["simulate", "night"].iter().chain(args));
    simulate(&["--clouds", "3"]).fails(2, &["--clouds is 3", "between 0 and 1"]);
    simulate(&["--frames", "0"]).fails(2, &["--frames is 0"]);
    simulate(&["--size", "9x9"]).fails(2, &["--size", "width"]);
    simulate(&["--size", "9"]).fails(2, &["1080x1920"]);
    simulate(&["--hot-pixels", "99999999"]).fails(2, &["--hot-pixels"]);
    simulate(&["--start", "yesterday"]).fails(2, &["--start", "UTC"]);
    simulate(&["--bayer", "RGBW"]).fails(2, &["GRBG"]);
    simulate(&["--dec", "-91"]).fails(2, &["--dec is -91"]);
    assert!(!bench.path("night").exists());
}

#[cfg(unix)]
#[test]
fn a_full_disk_leaves_no_half_a_frame() {
    let bench = Bench::new();
    let run = bench.crowdsky_within("trap '' XFSZ; ulimit -f 50", &SMALL);
    run.fails(1, &["Light_NGC 188", "too large"]);
    assert_eq!(bench.list("night"), [""; 0]);
}
