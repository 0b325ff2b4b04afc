//! What other programs say of our files: NASA's `fitsverify`, and astropy's checksums.

use crowdsky_core::StackMeta;
use crowdsky_fits::{Card, FitsWriter, Header, ImageRef, NewColumn, stack_cards};
use std::process::Command;

/// A file like a stack, with everything the writer can write. `long`: also a continued string, which is standard since FITS 4.0
/// (2018); the older fitsverify of Debian warns of it.
fn stack(long: bool) -> Vec<u8> {
    let mut header =
        stack_cards(&StackMeta { object: Some("M 94".into()), n_images: 16, ..StackMeta::default() });
    header.set("TINY", 1e-300, "a real with an exponent").set("BIG", u64::MAX, "beyond 64 bits");
    header.set("QUOTE", "O'Neil / 1", "with a quote").set("NULL", "", "null string");
    header.push(Card::commentary("COMMENT", ""));
    if long {
        header.set("LONG", "a long string, ".repeat(12).trim_end(), "continued");
    }
    header.history(&"a long line of history ".repeat(8));
    let plane: Vec<f32> =
        (0..300 * 200).map(|i| if i % 97 == 0 { f32::NAN } else { i as f32 * 0.25 }).collect();
    let counts: Vec<i32> = (0..300 * 200).collect();
    let raw: Vec<u16> = (0..300 * 200u32).map(|i| i as u16).collect();
    let mut file = Vec::new();
    let mut writer = FitsWriter::new(&mut file);
    writer.write_primary(&header, None).unwrap();
    for name in ["RED", "GREEN", "BLUE"] {
        writer.write_image(name, &Header::new(), ImageRef::new(&[300, 200], &plane)).unwrap();
    }
    writer.write_image("FOOTPRINT", &Header::new(), ImageRef::new(&[300, 200], &counts)).unwrap();
    writer.write_image("RAW", &Header::new(), ImageRef::new(&[300, 200], &raw)).unwrap();
    let names = ["a", "bc", ""];
    let columns = [
        NewColumn::new("x", &[1.0f64, 2.0, f64::NAN][..]).unit("pixel").comment("column, 0-based"),
        NewColumn::new("flux", &[1.0f32, 2.0, 3.0][..]).unit("adu"),
        NewColumn::new("npix", &[1i64, 2, 3][..]),
        NewColumn::new("flag", &[0u16, 1, 65535][..]),
        NewColumn::new("saturated", &[true, false, true][..]),
        NewColumn::new("name", &names[..]),
        NewColumn::new("cov", &[0.5f32; 12][..]).shape(&[2, 2]),
    ];
    writer.write_table("STAR-TAB", &Header::new(), &columns).unwrap();
    file
}

fn cube() -> Vec<u8> {
    let planes: Vec<f32> = (0..3 * 50 * 40).map(|i| i as f32).collect();
    let mut file = Vec::new();
    let header = stack_cards(&StackMeta::default());
    FitsWriter::new(&mut file).write_primary(&header, Some(ImageRef::new(&[50, 40, 3], &planes))).unwrap();
    file
}

#[test]
fn fitsverify_finds_nothing() {
    if Command::new("fitsverify").arg("-h").output().is_err() {
        println!("SKIPPED: fitsverify is not installed (apt-get install fitsverify)");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes) in [("stack.fits", stack(false)), ("cube.fits", cube())] {
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        let output = Command::new("fitsverify").arg(&path).output().unwrap();
        let report = String::from_utf8_lossy(&output.stdout);
        assert!(report.contains("found 0 warning(s) and 0 error(s)"), "{report}");
    }
}

#[test]
fn astropy_agrees_on_the_sums() {
    // test.sh names the interpreter of its virtual environment here.
    let python = std::env::var("PYTHON").unwrap_or_else(|_| "python3".into());
    if !Command::new(&python).args(["-c", "import astropy"]).output().is_ok_and(|o| o.status.success()) {
        println!("SKIPPED: {python} has no astropy (pip install astropy, or name an interpreter in PYTHON)");
        return;
    }
    let script = "
import sys, warnings
import numpy as np
from astropy.io import fits
warnings.simplefilter('error')
with fits.open(sys.argv[1], checksum=True) as hdus:
    hdus.verify('exception')
    assert all(h.verify_checksum() == 1 and h.verify_datasum() == 1 for h in hdus)
    assert [h.name for h in hdus] == ['PRIMARY', 'RED', 'GREEN', 'BLUE', 'FOOTPRINT', 'RAW', 'STAR-TAB']
    header = hdus[0].header
    assert header['QUOTE'] == \"O'Neil / 1\" and header['TINY'] == 1e-300 and header['BIG'] == 2**64 - 1
    assert header['LONG'] == ('a long string, ' * 12).rstrip() and 'SWVERSION' in header
    i = np.arange(300 * 200)
    assert np.array_equal(hdus['RED'].data.ravel(), np.where(i % 97 == 0, np.nan, i * 0.25), equal_nan=True)
    assert np.array_equal(hdus['RAW'].data.ravel(), (i % 65536).astype('u2')) and hdus['RAW'].data.dtype == 'u2'
    table = hdus['STAR-TAB'].data
    assert list(table['npix']) == [1, 2, 3] and list(table['flag']) == [0, 1, 65535]
    assert list(table['saturated']) == [True, False, True] and list(table['name']) == ['a', 'bc', '']
    assert table['cov'].shape == (3, 2, 2) and hdus['STAR-TAB'].columns['x'].unit == 'pixel'
";
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("stack.fits");
    std::fs::write(&path, stack(true)).unwrap();
    let output = Command::new(&python).args(["-c", script]).arg(&path).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
