//! What is written reads back.

use super::support::{files, shared};
use crowdsky_fits::*;
use proptest::prelude::*;

/// Writes one image and reads it back, as primary and as extension.
fn image_roundtrip(shape: &[usize], samples: &Samples) {
    let mut header = Header::new();
    header.set("OBJECT", "M 94", "target").set("BITPIX", 99, "not mine to set").history("a line");
    let mut file = Vec::new();
    let mut writer = FitsWriter::new(&mut file);
    writer.write_primary(&header, Some(ImageRef::new(shape, samples))).unwrap();
    writer.write_image("COPY", &header, ImageRef::new(shape, samples)).unwrap();
    assert_eq!(file.len() % BLOCK, 0);
    let (hdus, findings) = read_all(&file[..], &Limits::default()).unwrap();
    let odd: Vec<&Finding> = findings.iter().filter(|f| f.code != Code::IntegerTooLarge).collect();
    assert!(odd.is_empty(), "{odd:?}"); // BZERO of unsigned 64 bits is beyond i64
    assert_eq!(hdus.len(), 2);
    for hdu in &hdus {
        let HduData::Image(image) = &hdu.data else { panic!("no image in {hdu:?}") };
        assert_eq!(image.shape, shape);
        let bits = |samples: &Samples| samples.to_f64(None).iter().map(|x| x.to_bits()).collect::<Vec<_>>();
        assert_eq!(std::mem::discriminant(&image.samples), std::mem::discriminant(samples));
        assert_eq!(bits(&image.samples), bits(samples));
        assert_eq!((image.bscale, image.bzero), (1.0, 0.0));
        assert_eq!(hdu.head.header.text("OBJECT"), Some("M 94"));
        assert_eq!(hdu.head.header.commentary("HISTORY").collect::<Vec<_>>(), ["a line"]);
    }
    assert_eq!(hdus[1].head.header.text("EXTNAME"), Some("COPY"));
}

#[test]
fn images_of_every_type() {
    image_roundtrip(&[2, 2], &Samples::U8(vec![0, 1, 254, 255]));
    image_roundtrip(&[2, 2], &Samples::I8(vec![-128, -1, 0, 127]));
    image_roundtrip(&[2, 2], &Samples::I16(vec![i16::MIN, -1, 0, i16::MAX]));
    image_roundtrip(&[2, 2], &Samples::U16(vec![0, 1, 32768, 65535]));
    image_roundtrip(&[4], &Samples::I32(vec![i32::MIN, -1, 0, i32::MAX]));
    image_roundtrip(&[4, 1, 1], &Samples::U32(vec![0, 1, 1 << 31, u32::MAX]));
    image_roundtrip(&[1, 4], &Samples::I64(vec![i64::MIN, -1, 0, i64::MAX]));
    image_roundtrip(&[2, 2], &Samples::U64(vec![0, 1, 1 << 63, u64::MAX]));
    image_roundtrip(&[2, 2], &Samples::F32(vec![0.0, -0.0, f32::MAX, f32::INFINITY]));
    image_roundtrip(&[2, 2], &Samples::F64(vec![0.0, -0.0, f64::MIN_POSITIVE, f64::NAN]));
    // More than one piece of the writer (16,384 samples) and of the reader (64 KiB).
    let many = 3 * 16_384 + 7;
    image_roundtrip(&[many], &Samples::F64((0..many).map(|i| i as f64 * 0.1).collect()));
    image_roundtrip(&[many], &Samples::U16((0..many).map(|i| i as u16).collect()));
}

#[test]
fn floats_lose_the_scaling_of_integers() {
    let mut header = Header::new();
    header.set("BZERO", 32768, "").set("BSCALE", 1, "").set("BLANK", 0, "");
    let mut file = Vec::new();
    FitsWriter::new(&mut file).write_primary(&header, Some(ImageRef::new(&[1], &[1.5f32][..]))).unwrap();
    let (hdus, _) = read_all(&file[..], &Limits::default()).unwrap();
    assert!(["BZERO", "BSCALE", "BLANK"].iter().all(|k| hdus[0].head.header.get(k).is_none()));
    let HduData::Image(image) = &hdus[0].data else { panic!("no image") };
    assert_eq!(image.physical_f32(), [1.5]);
}

#[test]
fn integers_keep_scaling_and_blank() {
    let mut header = Header::new();
    header.set("BZERO", 10.0, "").set("BSCALE", 0.5, "").set("BLANK", -1, "");
    let mut file = Vec::new();
    FitsWriter::new(&mut file).write_primary(&header, Some(ImageRef::new(&[3], &[-1i16, 0, 4][..]))).unwrap();
    let (hdus, findings) = read_all(&file[..], &Limits::default()).unwrap();
    assert!(findings.is_empty());
    let HduData::Image(image) = &hdus[0].data else { panic!("no image") };
    let physical = image.physical();
    assert!(physical[0].is_nan());
    assert_eq!(physical[1..], [10.0, 12.0]);
    assert_eq!(image.physical_f32()[1..], [10.0, 12.0]);
}

#[test]
fn blank_of_an_unsigned_image_is_on_its_scale() {
    let mut header = Header::new();
    header.set("BLANK", -32768, "stored value of 0");
    let mut file = Vec::new();
    FitsWriter::new(&mut file).write_primary(&header, Some(ImageRef::new(&[2], &[0u16, 7][..]))).unwrap();
    let (hdus, _) = read_all(&file[..], &Limits::default()).unwrap();
    let HduData::Image(image) = &hdus[0].data else { panic!("no image") };
    assert_eq!(image.blank, Some(0));
    assert!(image.physical()[0].is_nan() && image.physical()[1] == 7.0);
}

#[test]
fn tables_of_every_column() {
    let names = ["Vega", "", "Deneb  kept"];
    let columns = [
        NewColumn::new("u8", &[1u8, 2, 255][..]),
        NewColumn::new("i8", &[-128i8, 0, 127][..]),
        NewColumn::new("i16", &[i16::MIN, 0, 1][..]).unit("adu"),
        NewColumn::new("u16", &[0u16, 32768, 65535][..]),
        NewColumn::new("i32", &[i32::MIN, 0, 1][..]),
        NewColumn::new("u32", &[0u32, 1, u32::MAX][..]),
        NewColumn::new("i64", &[i64::MIN, 0, 1][..]),
        NewColumn::new("u64", &[0u64, 1, u64::MAX][..]),
        NewColumn::new("f32", &[1.5f32, -0.0, f32::INFINITY][..]),
        NewColumn::new("f64", &[1.5f64, -2.5, 1e300][..]).comment("flux"),
        NewColumn::new("bool", &[true, false, true][..]),
        NewColumn::new("name", &names[..]),
        NewColumn::new("c32", &[[1.0f32, 2.0], [3.0, 4.0], [5.0, 6.0]][..]),
        NewColumn::new("c64", &[[1.0f64, 2.0], [3.0, 4.0], [5.0, 6.0]][..]),
        NewColumn::new("pairs", &[1i16, 2, 3, 4, 5, 6][..]).shape(&[2]),
        NewColumn::new("boxes", &[0.5f32; 12][..]).shape(&[2, 2]),
    ];
    let mut file = Vec::new();
    let mut writer = FitsWriter::new(&mut file);
    writer.write_primary(&Header::new(), None).unwrap();
    writer.write_table("ALL", &Header::new(), &columns).unwrap();
    let (hdus, findings) = read_all(&file[..], &Limits::default()).unwrap();
    assert!(findings.iter().all(|f| f.code == Code::IntegerTooLarge), "{findings:?}");
    let HduData::Table(table) = &hdus[1].data else { panic!("no table") };
    assert_eq!((table.rows(), table.columns().len()), (3, columns.len()));
    let cells = |name: &str| table.cells(table.column(name).unwrap()).unwrap();
    assert_eq!(cells("u8"), Cells::Numbers(Samples::U8(vec![1, 2, 255])));
    assert_eq!(cells("i8"), Cells::Numbers(Samples::I8(vec![-128, 0, 127])));
    assert_eq!(cells("U16"), Cells::Numbers(Samples::U16(vec![0, 32768, 65535])));
    assert_eq!(cells("i32"), Cells::Numbers(Samples::I32(vec![i32::MIN, 0, 1])));
    assert_eq!(cells("u32"), Cells::Numbers(Samples::U32(vec![0, 1, u32::MAX])));
    assert_eq!(cells("i64"), Cells::Numbers(Samples::I64(vec![i64::MIN, 0, 1])));
    assert_eq!(cells("u64"), Cells::Numbers(Samples::U64(vec![0, 1, u64::MAX])));
    assert_eq!(cells("f32"), Cells::Numbers(Samples::F32(vec![1.5, -0.0, f32::INFINITY])));
    assert_eq!(cells("f64"), Cells::Numbers(Samples::F64(vec![1.5, -2.5, 1e300])));
    assert_eq!(cells("bool"), Cells::Logical(vec![Some(true), Some(false), Some(true)]));
    assert_eq!(cells("name"), Cells::Text(names.map(String::from).to_vec()));
    assert_eq!(cells("c32"), Cells::Complex32(vec![[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]));
    assert_eq!(cells("c64"), Cells::Complex64(vec![[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]));
    assert_eq!(cells("pairs"), Cells::Numbers(Samples::I16(vec![1, 2, 3, 4, 5, 6])));
    assert_eq!(table.column("boxes").unwrap().dims.as_deref(), Some(&[2, 2][..]));
    assert_eq!(table.column("i16").unwrap().unit.as_deref(), Some("adu"));
    assert_eq!(table.physical(table.column("u16").unwrap()).unwrap(), [0.0, 32768.0, 65535.0]);
    // A table of no rows is a table.
    let mut file = Vec::new();
    let mut writer = FitsWriter::new(&mut file);
    writer.write_primary(&Header::new(), None).unwrap();
    writer.write_table("NONE", &Header::new(), &[NewColumn::new("x", &[0f64; 0][..])]).unwrap();
    assert!(read_all(&file[..], &Limits::default()).unwrap().1.is_empty());
}

#[test]
fn the_writer_refuses_what_does_not_fit() {
    let mut writer = FitsWriter::new(Vec::new());
    assert!(
        writer.write_image("RED", &Header::new(), ImageRef::new(&[1], &[1u8][..])).is_err(),
        "no primary yet"
    );
    assert!(writer.write_primary(&Header::new(), Some(ImageRef::new(&[3], &[1u8][..]))).is_err(), "shape");
    let mut bad = Header::new();
    bad.set("EXPTIME", f64::NAN, "");
    assert!(writer.write_primary(&bad, None).is_err(), "NaN in the header");
    let mut writer = FitsWriter::new(Vec::new());
    writer.write_primary(&Header::new(), None).unwrap();
    assert!(writer.write_primary(&Header::new(), None).is_err(), "a second primary");
    let uneven = [NewColumn::new("a", &[1u8][..]), NewColumn::new("b", &[1u8, 2][..])];
    assert!(writer.write_table("T", &Header::new(), &uneven).is_err(), "rows");
    assert!(
        writer.write_table("T", &Header::new(), &[NewColumn::new("s", &["\u{e9}"][..])]).is_err(),
        "ASCII"
    );
}

/// What read gave, write returns: cards byte for byte, data byte for byte.
#[test]
fn samples_copied_are_what_they_were() {
    let Some(folder) = shared("fits-samples") else { return };
    let mut copied = 0;
    for path in files(&folder) {
        let bytes = std::fs::read(&path).unwrap();
        let Ok(report) = inspect(&bytes[..], &Limits::default()) else { continue };
        if report.gzip || report.findings.iter().any(|f| f.code == Code::NotAscii) {
            continue;
        }
        let mut copy = Vec::new();
        let mut writer = FitsWriter::new(&mut copy);
        for head in &report.hdus {
            let start = (head.offset + head.header_bytes) as usize;
            let data = &bytes[start..start + head.layout.data_bytes as usize];
            writer.copy_unit(&head.header, data).unwrap();
        }
        let again = inspect(&copy[..], &Limits::default()).unwrap();
        let sums = |f: &Finding| matches!(f.code, Code::ChecksumMismatch | Code::DatasumMismatch);
        assert!(!again.findings.iter().any(sums), "{}: {:?}", path.display(), again.findings);
        for (old, new) in report.hdus.iter().zip(&again.hdus) {
            let own = |card: &&Card| !matches!(card.keyword(), "CHECKSUM" | "DATASUM");
            let images = |head: &HduHead| -> Vec<Vec<u8>> {
                head.header.cards().iter().filter(own).map(|card| card.image().unwrap().to_vec()).collect()
            };
            assert_eq!(images(old), images(new), "{}", path.display());
            let data = |head: &HduHead, bytes: &[u8]| {
                let start = (head.offset + head.header_bytes) as usize;
                bytes[start..start + head.layout.data_bytes as usize].to_vec()
            };
            assert_eq!(data(old, &bytes), data(new, &copy));
        }
        copied += 1;
    }
    assert!(copied > 90, "{copied} copied");
}

#[test]
fn one_wrong_byte_breaks_the_sums() {
    let mut file = Vec::new();
    let mut header = Header::new();
    header.set("OBJECT", "M 94", "");
    FitsWriter::new(&mut file).write_primary(&header, Some(ImageRef::new(&[100], &[7u8; 100][..]))).unwrap();
    let codes = |file: &[u8]| -> Vec<Code> {
        inspect(file, &Limits::default()).unwrap().findings.iter().map(|f| f.code).collect()
    };
    assert_eq!(codes(&file), []);
    let mut data = file.clone();
    data[BLOCK + 50] ^= 1;
    assert_eq!(codes(&data), [Code::DatasumMismatch, Code::ChecksumMismatch]);
    let mut card = file.clone();
    let object = file.windows(4).position(|w| w == b"M 94").unwrap();
    card[object] = b'N';
    assert_eq!(codes(&card), [Code::ChecksumMismatch]);
}

proptest! {
    #[test]
    fn any_image_reads_back(width in 0usize..40, height in 0usize..40, seed in any::<u64>()) {
        let mut state = seed | 1;
        let mut next = || { state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407); state >> 32 };
        let n = width * height;
        let ints: Vec<i32> = (0..n).map(|_| next() as i32).collect();
        let floats: Vec<f32> = (0..n).map(|_| f32::from_bits(next() as u32)).collect();
        let mut file = Vec::new();
        let mut writer = FitsWriter::new(&mut file);
        writer.write_primary(&Header::new(), Some(ImageRef::new(&[width, height], &ints))).unwrap();
        writer.write_image("F", &Header::new(), ImageRef::new(&[width, height], &floats)).unwrap();
        let report = inspect(&file[..], &Limits::default()).unwrap();
        prop_assert!(report.is_standard(), "{:?}", report.findings);
        let mut hdus = HduReader::new(&file[..], &Limits::default()).unwrap();
        prop_assert_eq!(hdus.next_hdu().unwrap().unwrap().image().unwrap().samples, Samples::I32(ints));
        let read = hdus.next_hdu().unwrap().unwrap().image().unwrap();
        let Samples::F32(read) = read.samples else { panic!("no floats") };
        let bits = |v: &[f32]| v.iter().map(|x| x.to_bits()).collect::<Vec<_>>();
        prop_assert_eq!(bits(&read), bits(&floats));
    }

    #[test]
    fn any_sum_is_encoded(bytes in proptest::collection::vec(any::<u8>(), 0..3000)) {
        let mut whole = checksum::Sum::new();
        whole.update(&bytes);
        // In pieces it is the same.
        let mut pieces = checksum::Sum::new();
        bytes.chunks(7).for_each(|piece| pieces.update(piece));
        prop_assert_eq!(whole.value(), pieces.value());
        let letters = checksum::encode(whole.value());
        prop_assert!(letters.bytes().all(|b| b.is_ascii_alphanumeric()));
    }
}
