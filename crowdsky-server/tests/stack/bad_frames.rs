//! Frames that cannot be used: each hears why, the others go on.

use crate::harness::{Bench, forge, set_card, small};
use crowdsky_fits::{FitsWriter, Header, ImageRef};
use serde_json::Value as Json;
use std::path::Path;

/// Reason and detail of the frame whose path ends in `name`.
fn fate<'a>(report: &'a Json, name: &str) -> (&'a str, &'a str) {
    let frames = report["frames"].as_array().unwrap();
    let frame = frames.iter().find(|frame| frame["path"].as_str().unwrap().ends_with(name)).unwrap();
    assert_eq!(frame["transform"].is_null(), !frame["accepted"].as_bool().unwrap());
    (frame["reason"].as_str().unwrap_or("accepted"), frame["detail"].as_str().unwrap_or(""))
}

/// The data of a frame, all `value`.
fn fill(bytes: &mut [u8], value: u16) {
    let header = bytes.chunks(80).position(|card| card.starts_with(b"END ")).unwrap() * 80;
    let data = (header / 2880 + 1) * 2880;
    bytes[data..].chunks_exact_mut(2).for_each(|pair| pair.copy_from_slice(&(value ^ 0x8000).to_be_bytes()));
}

fn write_image(path: &Path, shape: &[usize], samples: impl AsRef<[f32]>) {
    let mut header = Header::new();
    header.set("DATE-OBS", "2025-10-24T18:45:30", "").set("BAYERPAT", "GRBG", "").set("EXPTIME", 10.0, "");
    let image = ImageRef::new(shape, samples.as_ref());
    FitsWriter::new(std::fs::File::create(path).unwrap()).write_primary(&header, Some(image)).unwrap();
}

#[test]
fn every_bad_frame_is_named_with_its_reason_and_the_others_go_on() {
    let bench = Bench::new();
    let files = bench.night("night", small(6));
    let bad = |name: &str| bench.path("night").join(name);
    let spoil = |name: &str, change: &dyn Fn(&mut Vec<u8>)| forge(&files[0], &bad(name), change);
    spoil("truncated.fit", &|bytes| bytes.truncate(bytes.len() * 6 / 10));
    spoil("headless.fit", &|bytes| bytes.truncate(1000));
    std::fs::write(bad("empty.fit"), b"").unwrap();
    std::fs::write(bad("text.fit"), "not a picture at all").unwrap();
    spoil("bitpix.fit", &|bytes| set_card(bytes, "BITPIX", "BITPIX  =                    7"));
    write_image(&bad("floats.fit"), &[400, 600], vec![1.0; 240_000]);
    write_image(&bad("colour.fit"), &[20, 30, 3], vec![1.0; 1800]);
    spoil("counted.fit", &|bytes| set_card(bytes, "FOCUSPOS", "STACKCNT=                   16"));
    spoil("colourless.fit", &|bytes| set_card(bytes, "BAYERPAT", "COMMENT no pattern"));
    spoil("wrong-pattern.fit", &|bytes| set_card(bytes, "BAYERPAT", "BAYERPAT= 'RGBW    '"));
    spoil("filter.fit", &|bytes| set_card(bytes, "FILTER", "FILTER  = 'LP      '"));
    spoil("exposure.fit", &|bytes| set_card(bytes, "EXPTIME", "EXPTIME =                  20."));
    spoil("gain.fit", &|bytes| set_card(bytes, "GAIN", "GAIN    =                  200"));
    spoil("black.fit", &|bytes| fill(bytes, 0));
    spoil("white.fit", &|bytes| fill(bytes, 65_535));
    spoil("twin.fit", &|_| {});
    let wide = bench.night("wide", small(1).size(500, 600));
    std::fs::copy(&wide[0], bad("size.fit")).unwrap();
    #[cfg(unix)]
    std::os::unix::fs::symlink("nowhere.fit", bad("dangling.fit")).unwrap();
    std::fs::create_dir(bad("folder.fit")).unwrap();
    std::fs::write(bad("packed.fits.fz"), b"").unwrap();

    let run = bench.crowdsky(["stack", "night", "-o", "s.fits", "--report", "s.json"]);
    run.succeeds();
    let report = bench.json("s.json");
    assert_eq!(report["n_accepted"], 6, "{}", run.out);
    let expected: &[(&str, &str, &str)] = &[
        ("truncated.fit", "truncated", "declares 480000 bytes of data"),
        ("headless.fit", "truncated", "no END card"),
        ("empty.fit", "unreadable", "empty"),
        ("text.fit", "unreadable", "not a FITS file"),
        ("bitpix.fit", "unreadable", "BITPIX"),
        ("floats.fit", "not_raw", "BITPIX = -32"),
        ("colour.fit", "not_raw", "NAXIS = 3"),
        ("counted.fit", "not_raw", "STACKCNT"),
        ("colourless.fit", "no_bayer", "BAYERPAT"),
        ("wrong-pattern.fit", "wrong_bayer", "RGBW"),
        ("filter.fit", "mixed_filter", "LP"),
        ("exposure.fit", "mixed_exposure", "20 s"),
        ("gain.fit", "mixed_gain", "200"),
        ("black.fit", "blank", ""),
        ("twin.fit", "duplicate", "Light_"),
        ("size.fit", "wrong_size", "500 x 600"),
        #[cfg(not(feature = "cfitsio"))]
        ("packed.fits.fz", "unsupported", "cfitsio"),
        #[cfg(unix)]
        ("dangling.fit", "unreadable", "No such file"),
    ];
    for (name, reason, words) in expected {
        let (found, detail) = fate(&report, name);
        assert!(found == *reason && detail.contains(words), "{name}: {found}: {detail}");
        let line = run.out.lines().find(|line| line.contains(name)).unwrap();
        assert!(line.contains(&format!("({reason})")), "{line}");
    }
    // All pixels at the limit are all alike, and either word is true.
    assert!(["saturated", "blank"].contains(&fate(&report, "white.fit").0));
    assert_eq!(
        run.out.lines().filter(|line| line.starts_with("dropped ")).count(),
        report["frames"].as_array().unwrap().len() - 6
    );
}

#[test]
fn a_frame_of_another_field_is_dropped_and_the_rest_unharmed() {
    let bench = Bench::new();
    bench.night("night", small(8));
    bench.crowdsky(["stack", "night", "-o", "pure.fits", "--report", "pure.json"]).succeeds();
    // Of another night, after all others, so that the middle frame stays the middle frame.
    let stranger = bench.night("other", small(1).seed(77).start("2025-10-24T18:59:00"));
    std::fs::copy(&stranger[0], bench.path("night/stranger.fit")).unwrap();
    bench.crowdsky(["stack", "night", "-o", "mixed.fits", "--report", "mixed.json"]).succeeds();
    let (pure, mixed) = (bench.json("pure.json"), bench.json("mixed.json"));
    assert_eq!(fate(&mixed, "stranger.fit").0, "no_match");
    assert_eq!((&mixed["n_input"], &mixed["n_accepted"]), (&9.into(), &8.into()));
    for k in 0..8 {
        assert_eq!(pure["frames"][k]["transform"], mixed["frames"][k]["transform"], "frame {k}");
    }
    assert_eq!(pure["n_stars"], mixed["n_stars"]);
}

#[test]
fn a_pattern_on_the_command_line_replaces_a_missing_one() {
    let bench = Bench::new();
    let files = bench.night("night", small(4));
    for file in &files {
        forge(file, file, |bytes| set_card(bytes, "BAYERPAT", "COMMENT no pattern"));
    }
    let run = bench.crowdsky(["stack", "night", "-o", "s.fits"]);
    run.fails(3, &["BAYERPAT", "--bayer"]);
    let run = bench.crowdsky(["stack", "night", "-o", "s.fits", "--bayer", "grbg", "--json"]);
    assert_eq!(run.succeeds().json()["n_accepted"], 4);
}

#[test]
fn mixed_frames_are_stacked_together_when_allowed() {
    let bench = Bench::new();
    let files = bench.night("night", small(4));
    forge(&files[0], &files[0], |bytes| set_card(bytes, "FILTER", "FILTER  = 'LP      '"));
    forge(&files[1], &files[1], |bytes| set_card(bytes, "EXPTIME", "EXPTIME =                  20."));
    let count = |args: &[&str]| bench.crowdsky(args).succeeds().json()["n_accepted"].clone();
    assert_eq!(count(&["stack", "night", "-o", "apart.fits", "--json"]), 2);
    assert_eq!(count(&["stack", "night", "-o", "mixed.fits", "--json", "--allow-mixed"]), 4);
}

#[test]
fn one_frame_is_no_stack_but_has_a_report() {
    let bench = Bench::new();
    bench.night("night", small(1));
    let run = bench.crowdsky(["stack", "night", "-o", "s.fits", "--preview", "s.png", "--report", "s.json"]);
    run.fails(3, &["nothing to stack", "at least 2"]);
    assert_eq!(bench.list("."), ["night", "s.json"]);
    let report = bench.json("s.json");
    assert_eq!((&report["n_input"], &report["n_accepted"]), (&1.into(), &0.into()));
    assert_eq!(report["frames"][0]["reason"], "no_match", "it has nobody to be stacked with");
    let run = bench.crowdsky(["stack", "night", "-o", "s.fits", "--json"]);
    assert_eq!((run.status, &run.json()["n_input"]), (3, &1.into()));
}

#[test]
fn a_folder_without_frames_is_nothing_to_stack() {
    let bench = Bench::new();
    std::fs::create_dir(bench.path("night")).unwrap();
    bench.crowdsky(["stack", "night", "-o", "s.fits"]).fails(3, &["no frames"]);
    // A frame that is not there leaves nothing either, and is named.
    bench.crowdsky(["stack", "missing.fit", "-o", "s.fits"]).fails(3, &["missing.fit", "cannot be opened"]);
}

#[test]
fn names_cannot_command_the_terminal() {
    let bench = Bench::new();
    bench.night("night", small(3));
    std::fs::write(bench.path("night/\u{1b}[2J.fit"), "no picture").unwrap();
    let run = bench.crowdsky(["stack", "night", "-o", "s.fits"]);
    assert!(!run.succeeds().out.contains('\u{1b}') && run.out.contains("?[2J.fit"), "{}", run.out);
}
