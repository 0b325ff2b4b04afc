//! Pieces of raw frames are those of the whole frame.

use crowdsky_fits::{Error, FitsWriter, Header, ImageRef, Limits, RawRows, SamplesRef, read_raw_u16};
use std::io::Cursor;

/// A file whose first image is an extension, behind a header of two blocks.
fn file(shape: &[usize], samples: SamplesRef<'_>) -> Vec<u8> {
    let mut file = Vec::new();
    let mut writer = FitsWriter::new(&mut file);
    let mut primary = Header::new();
    for i in 0..40 {
        primary.history(&format!("line {i}"));
    }
    writer.write_primary(&primary, None).unwrap();
    writer.write_image("RAW", &Header::new(), ImageRef { shape, samples }).unwrap();
    file
}

fn piece(
    bytes: &[u8],
    rows: std::ops::Range<usize>,
    columns: std::ops::Range<usize>,
) -> Result<Vec<u16>, Error> {
    let found = RawRows::find(bytes, &Limits::default())?.expect("it is not packed");
    let count = rows.len() * columns.len();
    let mut pixels = vec![9; count + 3];
    found.read(&mut Cursor::new(bytes), rows, columns, &mut pixels)?;
    assert_eq!(pixels.split_off(count), [9; 3], "what is behind them stays");
    Ok(pixels)
}

#[test]
fn a_piece_is_that_of_the_whole_frame() {
    // Rows of 600 kB are longer than what is read at once.
    for (width, height) in [(7usize, 11usize), (1080, 300), (150_000, 3)] {
        let counts: Vec<u16> = (0..width * height).map(|i| (i * 7919 % 65_536) as u16).collect();
        let wide: Vec<i32> = counts.iter().map(|&v| i32::from(v)).collect();
        for bytes in
            [file(&[width, height], (&counts[..]).into()), file(&[width, height], (&wide[..]).into())]
        {
            let whole = read_raw_u16(&bytes[..], &Limits::default()).unwrap().pixels;
            assert_eq!(piece(&bytes, 0..height, 0..width).unwrap(), whole);
            let (rows, columns) = (height / 3..height - 1, width / 4..width / 2 + 1);
            let expected: Vec<u16> =
                rows.clone().flat_map(|y| &whole[y * width..][columns.clone()]).copied().collect();
            assert_eq!(piece(&bytes, rows, columns).unwrap(), expected);
            assert_eq!(piece(&bytes, 1..1, 0..width).unwrap(), []);
            assert_eq!(piece(&bytes, 0..height, 2..2).unwrap(), []);
        }
    }
}

#[test]
fn what_is_not_there_is_an_error() {
    let bytes = file(&[100, 50], (&vec![3u16; 5000][..]).into());
    assert!(matches!(piece(&bytes, 0..51, 0..1), Err(Error::Limit { what: "rows", found: 51, limit: 50 })));
    assert!(matches!(piece(&bytes, 0..1, 0..101), Err(Error::Limit { what: "columns", .. })));
    let found = RawRows::find(&bytes[..], &Limits::default()).unwrap().unwrap();
    let small = found.read(&mut Cursor::new(&bytes), 0..2, 0..2, &mut [0; 3]);
    assert!(matches!(small, Err(Error::Limit { what: "pixels", found: 4, limit: 3 })));
    let cut = &bytes[..bytes.len() - 5760];
    assert!(matches!(piece(cut, 0..50, 0..1), Err(Error::Truncated { hdu: 1, expected: 10_000, .. })));
    assert_eq!(piece(cut, 0..2, 0..3).unwrap(), [3; 6], "rows before the cut can be read");
    let negative = file(&[2, 2], (&[5i16, 6, 7, -1][..]).into());
    assert_eq!(piece(&negative, 0..1, 0..2).unwrap(), [5, 6]);
    let text = piece(&negative, 1..2, 0..2).unwrap_err().to_string();
    assert!(text.contains("pixel 3 is -1"), "{text}");
    let floats = file(&[1, 1], (&[1.0f32][..]).into());
    assert!(matches!(RawRows::find(&floats[..], &Limits::default()), Err(Error::WrongBitpix { .. })));
}

#[cfg(feature = "gzip")]
#[test]
fn in_a_packed_file_nothing_can_be_sought() {
    use std::io::Write;
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packed.write_all(&file(&[2, 1], (&[1u16, 2][..]).into())).unwrap();
    assert_eq!(RawRows::find(&packed.finish().unwrap()[..], &Limits::default()).unwrap(), None);
}
