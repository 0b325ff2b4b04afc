//! cfitsio beside our own reader: the same images, and the compressed ones only it can read.

use super::support::{files, shared};
use crowdsky_fits::cfitsio::{read_f64, read_fz_u16};
use crowdsky_fits::{Error, FitsWriter, HduData, Header, ImageRef, Limits, read_all, read_raw_u16};
use std::path::Path;

/// Our own physical values of every image of a file, with the unit's number.
fn images(path: &Path) -> Vec<(usize, Vec<u64>, Vec<f64>)> {
    let Ok((hdus, _)) = read_all(std::fs::File::open(path).unwrap(), &Limits::default()) else {
        return vec![];
    };
    let image = |hdu: &crowdsky_fits::Hdu| match &hdu.data {
        HduData::Image(image) => Some((hdu.head.index, hdu.head.layout.shape.clone(), image.physical())),
        _ => None,
    };
    hdus.iter().filter_map(image).collect()
}

fn same(ours: &[f64], theirs: &[f64]) -> bool {
    // cfitsio rounds to 53 bits where we do, and scales in double precision as we do.
    let equal = |(a, b): (&f64, &f64)| a == b || a.is_nan() && b.is_nan() || (a - b).abs() <= 1e-15 * a.abs();
    ours.len() == theirs.len() && ours.iter().zip(theirs).all(equal)
}

#[test]
fn images_are_the_same() {
    let Some(folder) = shared("fits-samples") else { return };
    let mut compared = 0;
    for path in files(&folder) {
        if path.extension().is_some_and(|e| e == "gz") {
            continue; // refused here: cfitsio would unpack it whole
        }
        for (hdu, shape, ours) in images(&path) {
            // cfitsio takes pixels of 0 axes for no image.
            let (their_shape, theirs) = read_f64(&path, hdu, &Limits::default()).unwrap();
            assert_eq!(shape, their_shape, "{} {hdu}", path.display());
            assert!(same(&ours, &theirs), "{} {hdu}", path.display());
            compared += 1;
        }
    }
    assert!(compared > 40, "{compared} compared");
}

/// Compressed files beside what they unpack to.
#[test]
fn compressed_images_are_what_they_should_be() {
    let Some(folder) = shared("fits-samples/zigfitsio") else { return };
    let mut compared = 0;
    for path in files(&folder) {
        let stem = path.file_stem().unwrap().to_string_lossy().into_owned();
        let expected = folder.join(format!("{stem}_expected.fits"));
        // Lossy values beyond 16 bits: cfitsio 4.2 wraps them as astropy does, later versions clip them.
        if !expected.exists() || stem == "tile_hcompress_clip16" {
            continue;
        }
        let (_, theirs) = read_f64(&path, 1, &Limits::default()).unwrap();
        let ours = images(&expected);
        // Dithered numbers are expected as 32 bits and asked for as 64.
        let near =
            |(a, b): (&f64, &f64)| (a - b).abs() <= 1e-6 * a.abs().max(1.0) || a.is_nan() && b.is_nan();
        assert!(ours[0].2.len() == theirs.len() && ours[0].2.iter().zip(&theirs).all(near), "{stem}");
        compared += 1;
    }
    assert!(compared >= 7, "{compared} compared");
}

#[test]
fn a_frame_reads_the_same_packed_and_not() {
    let pixels: Vec<u16> = (0..120 * 80u32).map(|i| (i * 31 % 65536) as u16).collect();
    let mut header = Header::new();
    header.set("OBJECT", "M 94", "");
    // Names that mean something to cfitsio when it is allowed to read them.
    let folder = tempfile::tempdir().unwrap();
    for name in
        ["frame.fit", "frame[1:10,1:10].fit", "frame(copy).fit", "!frame.fit", "frame+1.fit", "shmem:h1"]
    {
        let path = folder.path().join(name);
        let file = std::fs::File::create(&path).unwrap();
        FitsWriter::new(file).write_primary(&header, Some(ImageRef::new(&[120, 80], &pixels))).unwrap();
        let frame = read_fz_u16(&path, &Limits::default()).unwrap();
        assert_eq!((frame.width, frame.height), (120, 80), "{name}");
        assert_eq!(frame.pixels, pixels);
        assert_eq!(frame.header.text("OBJECT"), Some("M 94"));
    }
    let python = std::env::var("PYTHON").unwrap_or_else(|_| "python3".into());
    let script = "
import sys
from astropy.io import fits
hdu = fits.open(sys.argv[1])[0]
fits.HDUList([fits.PrimaryHDU(), fits.CompImageHDU(hdu.data, hdu.header)]).writeto(sys.argv[2])";
    let (plain, packed) = (folder.path().join("frame.fit"), folder.path().join("frame.fit.fz"));
    let output = std::process::Command::new(&python).args(["-c", script]).args([&plain, &packed]).output();
    if !output.is_ok_and(|output| output.status.success()) {
        println!("SKIPPED: {python} has no astropy to compress with");
        return;
    }
    let frame = read_fz_u16(&packed, &Limits::default()).unwrap();
    assert_eq!((frame.width, frame.height, frame.pixels), (120, 80, pixels));
    assert_eq!(frame.header.text("OBJECT"), Some("M 94"));
    assert_eq!(frame.header.integer("NAXIS1"), Some(120));
    let refused = read_raw_u16(std::fs::File::open(&packed).unwrap(), &Limits::default()).unwrap_err();
    assert!(refused.to_string().contains("funpack"), "{refused}");
}

#[test]
fn what_is_no_frame_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cut.fit");
    assert!(matches!(read_fz_u16(&path, &Limits::default()), Err(Error::Io(_))));
    std::fs::write(&path, super::support::primary(16, &["100", "100"], &[])).unwrap();
    assert!(matches!(read_fz_u16(&path, &Limits::default()), Err(Error::Truncated { .. })));
    let mut file = Vec::new();
    FitsWriter::new(&mut file)
        .write_primary(&Header::new(), Some(ImageRef::new(&[1, 1], &[1.5f32][..])))
        .unwrap();
    std::fs::write(&path, &file).unwrap();
    assert!(matches!(read_fz_u16(&path, &Limits::default()), Err(Error::WrongBitpix { .. })));
    let few = Limits { pixels: 0, ..Limits::default() };
    assert!(matches!(read_f64(&path, 0, &few), Err(Error::Limit { .. })));
    assert!(matches!(read_f64(&path, 1, &few), Err(Error::NoImage)));
}
