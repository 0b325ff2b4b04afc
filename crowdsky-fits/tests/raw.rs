//! Raw frames, and what is none.

use super::support::{card, header, pad, primary, shared};
use crowdsky_fits::{Error, FitsWriter, Header, ImageRef, Limits, SamplesRef, frame_meta, read_raw_u16};

fn file(shape: &[usize], samples: SamplesRef<'_>) -> Vec<u8> {
    let mut file = Vec::new();
    FitsWriter::new(&mut file).write_primary(&Header::new(), Some(ImageRef { shape, samples })).unwrap();
    file
}

fn read(bytes: &[u8]) -> Result<Vec<u16>, Error> {
    read_raw_u16(bytes, &Limits::default()).map(|frame| frame.pixels)
}

#[test]
fn takes_every_integer_that_fits() {
    let all: Vec<u16> = vec![0, 1, 255, 32767];
    assert_eq!(read(&file(&[2, 2], (&[0u16, 1, 32768, 65535][..]).into())).unwrap(), [0, 1, 32768, 65535]);
    assert_eq!(read(&file(&[2, 2], (&[0i16, 1, 255, 32767][..]).into())).unwrap(), all);
    assert_eq!(read(&file(&[2, 2], (&[0i32, 1, 255, 32767][..]).into())).unwrap(), all);
    assert_eq!(read(&file(&[2, 2], (&[0u32, 1, 255, 65535][..]).into())).unwrap(), [0, 1, 255, 65535]);
    assert_eq!(read(&file(&[2, 2], (&[0u64, 1, 255, 65535][..]).into())).unwrap(), [0, 1, 255, 65535]);
    assert_eq!(read(&file(&[2, 1], (&[0u8, 255][..]).into())).unwrap(), [0, 255]);
}

#[test]
fn finds_the_first_image() {
    let mut bytes = Vec::new();
    let mut writer = FitsWriter::new(&mut bytes);
    writer.write_primary(&Header::new(), None).unwrap();
    writer.write_image("RAW", &Header::new(), ImageRef::new(&[1, 1], &[9u16][..])).unwrap();
    assert_eq!(read(&bytes).unwrap(), [9]);
    let mut empty = Vec::new();
    FitsWriter::new(&mut empty).write_primary(&Header::new(), None).unwrap();
    assert!(matches!(read(&empty), Err(Error::NoImage)));
}

#[test]
fn says_why_a_file_is_no_raw_frame() {
    let text = |bytes: &[u8]| read(bytes).unwrap_err().to_string();
    assert_eq!(
        text(&file(&[1, 2], (&[5i16, -1][..]).into())),
        "not a raw frame: BITPIX = 16, pixel 1 is -1, which is not between 0 and 65535"
    );
    assert!(text(&file(&[1, 1], (&[1.0f32][..]).into())).contains("floating-point"));
    assert!(text(&file(&[1, 1], (&[u64::MAX][..]).into())).contains("is not between"));
    assert_eq!(
        text(&file(&[1, 1, 3], (&[1u16, 2, 3][..]).into())),
        "not a raw frame: the image has 3 axes [1, 1, 3], a raw frame has 2"
    );
    let scaled = pad([primary(16, &["1", "1"], &["BSCALE  =                  0.5"]), vec![0, 1]].concat(), 0);
    assert!(text(&scaled).contains("scaled"));
    let whole = file(&[100, 100], (&vec![1u16; 10_000][..]).into());
    let cut = read(&whole[..10_000]).unwrap_err();
    assert!(matches!(cut, Error::Truncated { hdu: 0, expected: 20_000, found: 7120 }), "{cut}");
}

#[test]
fn reads_seestar_frames() {
    for (folder, object) in [("seestar-m94", "M 94"), ("seestar-ngc7023", "NGC 7023")] {
        let Some(folder) = shared(folder) else { return };
        for path in super::support::files(&folder) {
            let frame = read_raw_u16(std::fs::File::open(&path).unwrap(), &Limits::default()).unwrap();
            assert_eq!((frame.width, frame.height, frame.pixels.len()), (1080, 1920, 1080 * 1920));
            assert!(frame.findings.is_empty(), "{}: {:?}", path.display(), frame.findings);
            let (meta, findings) = frame_meta(&frame.header);
            assert!(findings.is_empty(), "{findings:?}");
            assert_eq!(meta.object.as_deref(), Some(object));
            assert_eq!((meta.width, meta.height, meta.exptime), (1080, 1920, Some(10.0)));
            assert!(meta.is_raw() && meta.bayer.as_deref() == Some("GRBG"));
        }
    }
}

#[test]
fn an_image_with_parameters_or_groups_is_no_image() {
    for (pcount, gcount) in [(8, 1), (0, 2)] {
        let cards = [
            "XTENSION= 'IMAGE   '".to_owned(),
            card("BITPIX", 16),
            card("NAXIS", 2),
            card("NAXIS1", 2),
            card("NAXIS2", 2),
            card("PCOUNT", pcount),
            card("GCOUNT", gcount),
        ];
        let mut file = primary(8, &[], &[]);
        file.extend(header(&cards.each_ref().map(String::as_str)));
        file.extend([0; 2880]);
        let error = read(&file).unwrap_err();
        assert!(error.to_string().contains("PCOUNT = 0 and GCOUNT = 1"), "{error}");
    }
}
