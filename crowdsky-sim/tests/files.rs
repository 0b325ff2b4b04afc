//! The folder a night is written to, and its files as a telescope's.

use crowdsky_core::{FileName, Filter, FrameName};
use crowdsky_fits::{Limits, frame_meta, read_header, read_raw_u16};
use crowdsky_sim::{BayerPattern, Error, Night, NightOptions, NightTruth, Sensor, TRUTH_FILE};
use std::fs;

fn small() -> Night {
    Night::new(NightOptions::default().frames(5).size(40, 30).stars(10).object("M 94").cloudy(0.4)).unwrap()
}

#[test]
fn a_folder_holds_all_frames_and_the_truth() {
    let folder = tempfile::tempdir().unwrap();
    let night = small();
    let mut progress = Vec::new();
    let summary = night.write(folder.path(), |done, of| progress.push((done, of))).unwrap();
    assert_eq!(progress, [(1, 5), (2, 5), (3, 5), (4, 5), (5, 5)]);
    assert_eq!(summary.cloudy, night.truth().frames.iter().filter(|f| f.cloudy).count());
    assert_eq!(NightTruth::load(folder.path()).unwrap(), *night.truth());

    let mut found: Vec<String> =
        fs::read_dir(folder.path()).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    let mut told: Vec<String> = night.truth().frames.iter().map(|f| f.file_name.clone()).collect();
    told.push(TRUTH_FILE.into());
    found.sort();
    assert_eq!(found, told, "files besides the frames and the truth");
    let mut bytes = 0;
    for (k, frame) in night.truth().frames.iter().enumerate() {
        let file = fs::read(folder.path().join(&frame.file_name)).unwrap();
        assert_eq!(file, night.fits_bytes(k).unwrap());
        bytes += file.len() as u64;
    }
    assert_eq!(summary.bytes, bytes);
}

#[test]
fn any_number_of_threads_writes_the_same_bytes() {
    let written = [1, 4].map(|threads| {
        let folder = tempfile::tempdir().unwrap();
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| small().write(folder.path(), |_, _| ())).unwrap();
        let mut files: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|e| e.unwrap().path()).collect();
        files.sort();
        files.iter().map(|path| fs::read(path).unwrap()).collect::<Vec<_>>()
    });
    assert_eq!(written[0], written[1]);
}

#[test]
fn files_read_back_as_the_frames_they_were() {
    let night =
        Night::new(NightOptions::default().frames(2).size(61, 47).sky(40_000.0).object("Barnard's star"))
            .unwrap();
    let frame = night.frame(1).unwrap();
    let raw = read_raw_u16(&night.fits_bytes(1).unwrap()[..], &Limits::default()).unwrap();
    assert!(raw.findings.is_empty(), "{:?}", raw.findings);
    assert_eq!((raw.width, raw.height), (61, 47));
    assert_eq!(raw.pixels, frame.pixels);
    assert_eq!(raw.header.text("OBJECT"), Some("Barnard's star"));
    assert_eq!(raw.header.text("DATE-OBS"), Some("2025-10-24T18:45:13.905983"));
}

#[test]
fn the_header_says_what_was_simulated() {
    for (sensor, instrument, focal_length) in [
        (Sensor::S50, "Seestar S50", 250.0),
        (Sensor::S30, "Seestar S30", 150.0),
        (Sensor::S30Pro, "imx585", 160.0),
    ] {
        let options = NightOptions::default().sensor(sensor).size(40, 30).bayer(BayerPattern::Rggb).gain(200);
        let options = options.filter(Filter::Lp).exptime(20.0).ra(193.04166).dec(-40.970556).object("M 94");
        let night = Night::new(options).unwrap();
        let (header, findings) = read_header(&night.fits_bytes(3).unwrap()[..], &Limits::default()).unwrap();
        assert!(findings.is_empty(), "{findings:?}");
        let (meta, findings) = frame_meta(&header);
        assert!(findings.is_empty(), "{findings:?}");

        assert!(meta.is_raw());
        assert_eq!((meta.width, meta.height, meta.naxis), (40, 30, 2));
        assert_eq!(meta.object.as_deref(), Some("M 94"));
        assert_eq!(meta.instrument.as_deref(), Some(instrument));
        assert_eq!(meta.focal_length_mm, Some(focal_length));
        assert_eq!(meta.filter, Some(Filter::Lp));
        assert_eq!((meta.exptime, meta.gain), (Some(20.0), Some(200.0)));
        assert_eq!(meta.date_obs, Some(night.truth().frames[3].date_obs));
        let pointing = meta.pointing.expect("a pointing");
        assert_eq!((pointing.ra(), pointing.dec()), (193.04166, -40.970556));
        assert_eq!(meta.bayer.as_deref(), Some("RGGB"));
        assert_eq!(meta.image_type.as_deref(), Some("Light"));
        assert_eq!(meta.program.as_deref(), Some("4.27"));
        assert_eq!(meta.stack_count, None);
        // No telescope's home is given away.
        assert_eq!((meta.site_lat, meta.site_long), (Some(0.0), Some(0.0)));
    }
}

#[test]
fn a_full_frame_has_the_size_of_the_telescopes_file() {
    let night = Night::new(NightOptions::default().frames(1).stars(100)).unwrap();
    // Two blocks of header and 1080 x 1920 numbers, which happen to fill whole blocks.
    assert_eq!(night.fits_bytes(0).unwrap().len(), 4_152_960);
}

#[test]
fn names_are_the_telescopes_and_tell_the_time_of_saving() {
    let night =
        Night::new(NightOptions::default().frames(200).size(16, 16).exptime(20.0).object("M 94")).unwrap();
    for frame in &night.truth().frames {
        let name: FileName = frame.file_name.parse().unwrap();
        assert!(name.is_raw_frame());
        let FrameName::Light { target, exposure, stamp, .. } = name.name else { panic!("not a raw frame") };
        assert_eq!((target.as_str(), exposure.seconds()), ("M 94", 20.0));
        // EXPTIME + 3 s after the start, fractions of a second cut.
        let late = stamp.to_utc(0).seconds_since(frame.date_obs);
        assert!(
            late > 22.0 && late <= 23.0,
            "{} was saved {late} s after {:?}",
            frame.file_name,
            frame.date_obs
        );
    }
    // 200 times 21.2 seconds is more than an hour: five quarters of an hour are touched.
    let slots: std::collections::BTreeSet<u32> =
        night.truth().frames.iter().map(|f| f.date_obs.seconds_of_day() / 900).collect();
    assert_eq!(slots.len(), 5);
}

#[test]
fn a_folder_with_files_is_refused_unless_told() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("notes.txt"), "mine").unwrap();
    let night = small();
    let error = night.write(folder.path(), |_, _| panic!("a frame was written")).unwrap_err();
    assert!(matches!(error, Error::NotEmpty { .. }), "{error}");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);

    night.write_over(folder.path(), |_, _| ()).unwrap();
    night.write_over(folder.path(), |_, _| ()).unwrap();
    assert_eq!(fs::read(folder.path().join("notes.txt")).unwrap(), b"mine");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1 + 5 + 1);
}

#[test]
fn a_folder_that_cannot_be_made_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "").unwrap();
    for path in [file.clone(), file.join("below")] {
        let error = small().write(&path, |_, _| ()).unwrap_err();
        assert!(matches!(error, Error::Io { .. }), "{error:?}");
        assert!(error.to_string().contains("file"), "{error}");
    }
    assert!(matches!(NightTruth::load(folder.path()), Err(Error::Io { .. })));
    fs::write(folder.path().join(TRUTH_FILE), "{}").unwrap();
    assert!(matches!(NightTruth::load(folder.path()), Err(Error::Json { .. })));
}

#[test]
fn failed_writes_leave_no_piece_behind() {
    let (folder, night) = (tempfile::tempdir().unwrap(), small());
    // A folder of the frame's name is in the way of the rename.
    let in_the_way = folder.path().join(&night.truth().frames[2].file_name);
    fs::create_dir(&in_the_way).unwrap();
    let error = night.write_over(folder.path(), |_, _| ()).unwrap_err();
    assert!(matches!(&error, Error::Io { action: "rename", path, .. } if *path == in_the_way), "{error:?}");
    for entry in fs::read_dir(folder.path()).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(name.ends_with(".fit"), "{name} was left behind");
    }
}
