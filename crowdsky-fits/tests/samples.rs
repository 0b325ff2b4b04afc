//! The public samples: all are read in every way, quickly. What they hold is compared with astropy in `astropy_compare.py`.

use super::support::memory::peak;
use super::support::{files, read_every_way, shared, within};
use crowdsky_fits::{HduData, HduKind, Limits, inspect, read_all};
use std::time::Duration;

#[test]
fn all_are_answered_within_a_second() {
    let Some(folder) = shared("fits-samples") else { return };
    let paths = files(&folder);
    assert!(paths.len() > 100, "{} samples", paths.len());
    for path in paths {
        let bytes = std::fs::read(&path).unwrap();
        let (name, read) = (path.display().to_string(), || peak(|| inspect(&bytes[..], &Limits::default())));
        let (report, memory) = within(Duration::from_secs(1), &name, read);
        assert!(memory < 4 << 20, "{name}: {memory} bytes");
        match report {
            Ok(report) => assert!(!report.hdus.is_empty()),
            Err(error) => assert!(path.ends_with("lzw.fits.Z"), "{}: {error}", path.display()),
        }
        read_every_way(&bytes);
    }
}

/// Every kind of unit there is among the samples, and what becomes of its data.
#[test]
fn kinds_are_told_apart() {
    let Some(folder) = shared("fits-samples") else { return };
    let read = |name: &str| {
        let bytes = std::fs::read(folder.join(name)).unwrap();
        read_all(&bytes[..], &Limits::default()).unwrap().0
    };
    for (name, index, kind) in [
        ("astropy/random_groups.fits", 0, HduKind::RandomGroups),
        ("astropy/ascii.fits", 1, HduKind::AsciiTable),
        ("astropy/comp.fits", 1, HduKind::CompressedImage),
        ("fits-well/comp_table_cfitsio.fits", 1, HduKind::CompressedTable),
        ("astropy/tb.fits", 1, HduKind::BinTable),
        ("zigfitsio/image_extension.fits", 1, HduKind::Image),
    ] {
        let hdu = &read(name)[index];
        assert_eq!(hdu.head.layout.kind, kind, "{name}");
        let read = matches!(hdu.data, HduData::Image(_) | HduData::Table(_));
        assert_eq!(read, kind.is_image() || kind.is_table(), "{name}");
    }
}

/// Any piece of a sample, and any sample with a piece overwritten.
#[test]
fn damaged_samples_do_no_harm() {
    let Some(folder) = shared("fits-samples") else { return };
    for path in files(&folder) {
        let bytes = std::fs::read(&path).unwrap();
        if bytes.len() > 200_000 {
            continue;
        }
        for eighth in 0..8 {
            read_every_way(&bytes[..bytes.len() * eighth / 8]);
            let mut damaged = bytes.clone();
            let start = bytes.len() * eighth / 8;
            let end = (start + 100).min(bytes.len());
            damaged[start..end].iter_mut().for_each(|byte| *byte = byte.wrapping_mul(7).wrapping_add(3));
            read_every_way(&damaged);
        }
    }
}
