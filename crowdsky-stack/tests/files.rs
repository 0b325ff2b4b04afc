//! From files to a file.

use crate::support::{night, options};
use crowdsky_fits::{HduData, Limits, read_all};
use crowdsky_stack::files::{FileSource, Layout, WriteOptions, find_frames, write_atomically, write_fits};
use crowdsky_stack::{BayerPattern, Error, FrameSource, Reason, StackOptions, preview, stack};
use std::path::{Path, PathBuf};

fn written(folder: &Path) -> Vec<PathBuf> {
    night(options().frames(5)).write(folder, |_, _| {}).expect("a night on disk");
    find_frames(&[folder.to_path_buf()]).expect("frames in the folder")
}

#[test]
fn a_folder_becomes_a_stack_with_all_its_parts() {
    let dir = tempfile::tempdir().expect("a folder");
    let paths = written(dir.path());
    assert_eq!(paths.len(), 5);
    let s = stack(&FileSource::new(paths, None), &StackOptions::default(), &()).expect("a stack");
    let (rgb, cube, png) =
        (dir.path().join("rgb.fits"), dir.path().join("cube.fits"), dir.path().join("p.png"));
    write_fits(&s, &rgb, &WriteOptions::default()).expect("written");
    write_fits(&s, &cube, &WriteOptions::default().layout(Layout::Cube)).expect("written");
    preview::write_png(&s, &png, false).expect("written");

    let (hdus, findings) =
        read_all(&std::fs::read(&rgb).expect("bytes")[..], &Limits::default()).expect("FITS");
    assert!(findings.is_empty(), "{findings:?}");
    let names: Vec<&str> = hdus.iter().filter_map(|h| h.head.header.text("EXTNAME")).collect();
    assert_eq!(names, ["RED", "GREEN", "BLUE", "VARIANCE", "FOOTPRINT", "REJECTED", "STAR-TAB"]);
    let primary = &hdus[0].head.header;
    for (keyword, value) in [("NIMAGES", 5.0), ("STACKCNT", 5.0), ("NFRAMES", 5.0), ("EXPTIME", 50.0)] {
        assert_eq!(primary.real(keyword), Some(value), "{keyword}");
    }
    for keyword in [
        "DATE-OBS", "DATE-END", "DATE-AVG", "OB-START", "OB-END", "CHUNKKEY", "HPXKEY", "BUNIT", "ROWORDER",
        "CREATOR",
    ] {
        assert!(primary.text(keyword).is_some(), "{keyword}");
    }
    for keyword in ["BAYERPAT", "BZERO", "BSCALE", "SITELAT", "SITELONG", "XBAYROFF"] {
        assert!(
            hdus[..5].iter().all(|h| h.head.header.get(keyword).is_none()),
            "{keyword} must not be carried over"
        );
    }
    assert_eq!(primary.commentary("HISTORY").filter(|h| h.contains("accepted")).count(), 5);
    let HduData::Image(green) = &hdus[2].data else { panic!("GREEN is an image") };
    assert!(green.physical_f32().iter().zip(&s.planes[1]).all(|(a, b)| a == b || (a.is_nan() && b.is_nan())));

    let (hdus, _) = read_all(&std::fs::read(&cube).expect("bytes")[..], &Limits::default()).expect("FITS");
    assert_eq!(hdus[0].head.layout.shape, [480, 640, 3]);
    let HduData::Image(image) = &hdus[0].data else { panic!("the cube is an image") };
    assert!(image.physical_f32().iter().all(|v| v.is_finite()));

    let decoder = png::Decoder::new(std::io::BufReader::new(std::fs::File::open(&png).expect("PNG")));
    let info = decoder.read_info().expect("a PNG header").info().clone();
    assert_eq!((info.width, info.height), (480, 640));
}

#[test]
fn outputs_are_not_overwritten_and_failures_leave_nothing() {
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join("out.fits");
    std::fs::write(&path, b"mine").expect("written");
    assert!(matches!(write_atomically(&path, false, |_| Ok(())), Err(Error::Exists(_))));
    let failed = write_atomically(&path, true, |out| {
        std::io::Write::write_all(out, b"half").expect("buffered");
        Err(Error::NoFrames)
    });
    assert!(failed.is_err());
    assert_eq!(std::fs::read(&path).expect("still there"), b"mine");
    assert!(matches!(
        write_atomically(&dir.path().join("no/where.fits"), true, |_| Ok(())),
        Err(Error::Io { .. })
    ));
    assert_eq!(std::fs::read_dir(dir.path()).expect("folder").count(), 1, "no temporary file stays");
}

#[test]
fn every_kind_of_bad_file_has_its_reason() {
    let dir = tempfile::tempdir().expect("a folder");
    let good = written(dir.path());
    let bytes = std::fs::read(&good[0]).expect("bytes");
    let header_end = 5760;
    let put = |name: &str, bytes: &[u8]| {
        let path = dir.path().join(name);
        std::fs::write(&path, bytes).expect("written");
        path
    };
    let replace = |card: &str, with: &str| {
        let mut b = bytes.clone();
        let at = (0..header_end)
            .step_by(80)
            .find(|&i| b[i..].starts_with(card.as_bytes()))
            .unwrap_or_else(|| panic!("no {card}"));
        b[at..at + 80].copy_from_slice(format!("{with:<80}").as_bytes());
        b
    };
    let cases = [
        (put("empty.fit", b""), Reason::Unreadable),
        (
            put("text.fit", b"this is no FITS file, but it is long enough to be read as one"),
            Reason::Unreadable,
        ),
        (put("cut.fit", &bytes[..bytes.len() / 2]), Reason::Truncated),
        (put("header.fit", &bytes[..1000]), Reason::Truncated),
        (
            put(
                "float.fit",
                &replace("BITPIX", "BITPIX  =                  -32 / number of bits per data pixel"),
            ),
            Reason::NotRaw,
        ),
        (
            put("cube.fit", &replace("NAXIS ", "NAXIS   =                    3 / number of data axes")),
            Reason::NotRaw,
        ),
        (put("nobayer.fit", &replace("BAYERPAT", "COMMENT nothing")), Reason::NoBayer),
        (put("xbayer.fit", &replace("BAYERPAT", "BAYERPAT= 'XYZW    '")), Reason::WrongBayer),
        (put("dark.fit", &replace("IMAGETYP", "IMAGETYP= 'Dark    '")), Reason::NotRaw),
        (dir.path().join("missing.fit"), Reason::Unreadable),
    ];
    for (path, reason) in &cases {
        let source = FileSource::new(vec![path.clone()], None);
        let found = source.meta(0).and_then(|_| source.load(0));
        match found {
            Err(dropped) => {
                assert_eq!(dropped.reason, *reason, "{}: {}", path.display(), dropped.detail);
                assert!(!dropped.detail.contains('\n') && dropped.detail.len() > 10);
            }
            Ok(_) => panic!("{} was read", path.display()),
        }
    }
    let forced = FileSource::new(vec![dir.path().join("nobayer.fit")], Some(BayerPattern::Grbg));
    assert!(forced.meta(0).and_then(|_| forced.load(0)).is_ok());

    // All of them at once do not harm the good ones.
    let all: Vec<PathBuf> = good.into_iter().chain(cases.into_iter().map(|c| c.0)).collect();
    let s = stack(&FileSource::new(all, None), &StackOptions::default(), &()).expect("a stack");
    assert_eq!((s.report.n_accepted, s.report.n_input), (5, 15));
}
