mod append;
mod bad_frames;
mod chunks;
#[cfg(unix)]
mod interrupt;
mod outputs;
mod usage;

use crate::harness::{Bench, forge, set_card, shared, small};
use crowdsky_fits::{HduData, Limits, Samples, read_all};
use crowdsky_sim::NightTruth;

fn units(bytes: &[u8]) -> Vec<(String, Vec<u64>)> {
    let hdus = read_all(bytes, &Limits::default()).unwrap().0;
    hdus.iter()
        .map(|hdu| (hdu.head.header.text("EXTNAME").unwrap_or("").to_owned(), hdu.head.layout.shape.clone()))
        .collect()
}

#[test]
fn a_night_becomes_a_stack_a_picture_and_a_report() {
    let bench = Bench::new();
    bench.night("night", small(8));
    let run = bench.crowdsky(["stack", "night", "-o", "s.fits", "--preview", "s.png", "--report", "s.json"]);
    run.succeeds();
    assert!(run.out.starts_with("8 of 8 frames stacked, 80 s in all\n"), "{}", run.out);
    assert!(run.out.contains("s.fits, s.png ("), "{}", run.out);

    let bytes = std::fs::read(bench.path("s.fits")).unwrap();
    let names: Vec<String> = units(&bytes).into_iter().map(|unit| unit.0).collect();
    assert_eq!(names[1..4], ["RED", "GREEN", "BLUE"]);
    assert!(names.contains(&"FOOTPRINT".to_owned()) && names.contains(&"STAR-TAB".to_owned()), "{names:?}");
    assert_eq!(crowdsky_fits::verify(&bytes[..], &Limits::default()).unwrap(), []);
    assert!(std::fs::read(bench.path("s.png")).unwrap().starts_with(b"\x89PNG"));

    let report = bench.json("s.json");
    assert_eq!((&report["n_input"], &report["n_accepted"]), (&8.into(), &8.into()));
    assert_eq!(report["method"], "lsq");
    assert!(report["peak_memory_bytes"].as_u64().unwrap() > 1_000_000);
    assert!(report["seconds"]["total"].as_f64().unwrap() >= report["seconds"]["write"].as_f64().unwrap());
    assert_eq!(bench.list("."), ["night", "s.fits", "s.fits.state", "s.json", "s.png"]);
}

#[test]
fn frames_are_aligned_as_the_truth_has_it() {
    let bench = Bench::new();
    let options = small(7);
    bench.night("night", options.clone());
    let report = bench.crowdsky(["stack", "night", "-o", "s.fits", "--json"]).succeeds().json();
    let night = crowdsky_sim::Night::new(options).unwrap();
    assert_eq!(&NightTruth::load(&bench.path("night")).unwrap(), night.truth());
    for (k, frame) in report["frames"].as_array().unwrap().iter().enumerate() {
        assert_eq!(frame["reference"], k == 3);
        let truth = night.transform_to_reference(k).unwrap();
        for corner in [[0.0, 0.0], [399.0, 0.0], [0.0, 599.0], [399.0, 599.0]] {
            for (row, expected) in truth.iter().enumerate() {
                let found: Vec<f64> = (0..3).map(|i| frame["transform"][row][i].as_f64().unwrap()).collect();
                let at = |m: &[f64]| m[0] * corner[0] + m[1] * corner[1] + m[2];
                assert!((at(&found) - at(expected)).abs() < 0.1, "frame {k}, corner {corner:?}");
            }
        }
    }
}

#[test]
fn the_bytes_do_not_depend_on_the_number_of_threads() {
    let bench = Bench::new();
    bench.night("night", small(6).cosmic_rays(5.0).hot_pixels(40).trails(0.5));
    for threads in ["1", "2"] {
        let name = format!("{threads}.fits");
        bench.crowdsky(["stack", "night", "-o", &name, "--threads", threads, "--quiet"]).succeeds();
    }
    assert!(std::fs::read(bench.path("1.fits")).unwrap() == std::fs::read(bench.path("2.fits")).unwrap());
}

#[test]
fn the_real_frames_of_m94_are_all_stacked() {
    let Some(frames) = shared("seestar-m94") else { return };
    let bench = Bench::new();
    let frames = frames.to_str().unwrap();
    let run = bench.crowdsky(["stack", frames, "-o", "m94.fits", "--preview", "m94.png", "--json"]);
    let report = run.succeeds().json();
    assert_eq!((&report["n_input"], &report["n_accepted"]), (&16.into(), &16.into()));
    assert_eq!(report["chunk_key"], "20250327.05_193.0_+41.0");
    assert_eq!(report["healpix_key"], "20250327.05_HP033810");
    assert!(report["n_stars"].as_u64().unwrap() > 100, "{}", report["n_stars"]);
    let bytes = std::fs::read(bench.path("m94.fits")).unwrap();
    assert_eq!(crowdsky_fits::verify(&bytes[..], &Limits::default()).unwrap(), []);
}

#[test]
fn a_cube_has_three_planes_without_holes() {
    let bench = Bench::new();
    bench.night("night", small(4));
    bench.crowdsky(["stack", "night", "-o", "cube.fits", "--layout", "cube"]).succeeds();
    let bytes = std::fs::read(bench.path("cube.fits")).unwrap();
    let (hdus, _) = read_all(&bytes[..], &Limits::default()).unwrap();
    let HduData::Image(image) = &hdus[0].data else { panic!("no image") };
    assert_eq!(image.shape, [400, 600, 3]);
    let Samples::F32(samples) = &image.samples else { panic!("no floats") };
    assert!(samples.iter().all(|v| v.is_finite()));
}

#[test]
fn gzip_and_odd_capitals_are_read() {
    let bench = Bench::new();
    let files = bench.night("night", small(4));
    let packed = bench.path("night/LIGHT.FITS.GZ");
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    std::io::Write::write_all(&mut encoder, &std::fs::read(&files[0]).unwrap()).unwrap();
    std::fs::write(packed, encoder.finish().unwrap()).unwrap();
    std::fs::remove_file(&files[0]).unwrap();
    let report = bench.crowdsky(["stack", "night", "-o", "s.fits", "--json"]).succeeds().json();
    assert_eq!(report["n_accepted"], 4);
}

#[test]
fn the_location_stays_at_home_unless_asked_for() {
    let bench = Bench::new();
    let files = bench.night("night", small(3));
    for file in &files {
        forge(file, file, |bytes| {
            set_card(bytes, "SITELAT", "SITELAT =                 48.2");
            set_card(bytes, "SITELONG", "SITELONG=                 16.4");
        });
    }
    let site = |name: &str| {
        let bytes = std::fs::read(bench.path(name)).unwrap();
        let (header, _) = crowdsky_fits::read_header(&bytes[..], &Limits::default()).unwrap();
        (header.real("SITELAT"), header.real("SITELONG"))
    };
    bench.crowdsky(["stack", "night", "-o", "private.fits"]).succeeds();
    assert_eq!(site("private.fits"), (None, None));
    bench.crowdsky(["stack", "night", "-o", "open.fits", "--keep-location"]).succeeds();
    assert_eq!(site("open.fits"), (Some(48.2), Some(16.4)));
    // From two sites, so from neither.
    forge(&files[0], &files[0], |bytes| set_card(bytes, "SITELAT", "SITELAT =                 12.5"));
    bench.crowdsky(["stack", "night", "-o", "two.fits", "--keep-location"]).succeeds();
    assert_eq!(site("two.fits"), (None, None));
}

#[test]
fn the_named_frame_gives_the_grid() {
    let bench = Bench::new();
    let files = bench.night("night", small(5));
    let name = files[1].file_name().unwrap().to_str().unwrap();
    let run = bench.crowdsky(["stack", "night", "-o", "s.fits", "--json", "--reference", name]);
    let report = run.succeeds().json();
    assert_eq!(report["frames"][1]["reference"], true);
    assert_eq!(report["frames"][1]["transform"], serde_json::json!([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]));
    let run = bench.crowdsky(["stack", "night", "-o", "t.fits", "--reference", "other.fit"]);
    run.fails(1, &["other.fit", "not among the frames"]);
    assert!(!bench.path("t.fits").exists());
}
