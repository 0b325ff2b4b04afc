//! Whatever the writer takes, the reader gives back, to the last bit and without a finding.
#![no_main]

use arbitrary::Arbitrary;
use crowdsky_fits::{
    Cells, FitsWriter, HduData, Header, ImageRef, Limits, NewColumn, Samples, SamplesRef, Value, read_all,
    verify,
};
use crowdsky_fuzz::is_standard;
use libfuzzer_sys::fuzz_target;

#[derive(Debug, Arbitrary)]
struct File {
    cards: Vec<(String, Content, String)>,
    history: Vec<String>,
    images: Vec<(Numbers, u8)>,
    columns: Vec<(String, Numbers, String)>,
    flags: Vec<bool>,
    texts: Vec<String>,
}

#[derive(Debug, Arbitrary)]
enum Content {
    Undefined,
    Logical(bool),
    Integer(i64),
    Big(u64),
    Real(f64),
    Complex(f64, f64),
    Text(String),
}

#[derive(Debug, Clone, Arbitrary)]
enum Numbers {
    U8(Vec<u8>),
    I16(Vec<i16>),
    I32(Vec<i32>),
    I64(Vec<i64>),
    F32(Vec<f32>),
    F64(Vec<f64>),
    I8(Vec<i8>),
    U16(Vec<u16>),
    U32(Vec<u32>),
    U64(Vec<u64>),
}

impl Content {
    fn value(&self) -> Value {
        match self {
            Content::Undefined => Value::Undefined,
            Content::Logical(l) => (*l).into(),
            Content::Integer(i) => (*i).into(),
            Content::Big(u) => (*u).into(),
            Content::Real(r) => (*r).into(),
            Content::Complex(re, im) => Value::Complex(*re, *im),
            // Trailing blanks do not count (4.2.1.1), but a blank string is not the null string.
            Content::Text(text) if !text.is_empty() && text.trim_matches(' ').is_empty() => " ".into(),
            Content::Text(text) => text.trim_end_matches(' ').into(),
        }
    }
}

impl Numbers {
    fn samples(self) -> Samples {
        match self {
            Numbers::U8(v) => Samples::U8(v),
            Numbers::I16(v) => Samples::I16(v),
            Numbers::I32(v) => Samples::I32(v),
            Numbers::I64(v) => Samples::I64(v),
            Numbers::F32(v) => Samples::F32(v),
            Numbers::F64(v) => Samples::F64(v),
            Numbers::I8(v) => Samples::I8(v),
            Numbers::U16(v) => Samples::U16(v),
            Numbers::U32(v) => Samples::U32(v),
            Numbers::U64(v) => Samples::U64(v),
        }
    }
}

fuzz_target!(|file: File| {
    let mut header = Header::new();
    for (keyword, content, comment) in &file.cards {
        // A card the writer would refuse would take the whole file with it.
        let card = crowdsky_fits::Card::new(keyword, content.value(), comment);
        if card.print().is_ok() && header.get(card.keyword()).is_none() {
            header.push(card);
        }
    }
    for line in &file.history {
        let card = crowdsky_fits::Card::commentary("HISTORY", line);
        if card.print().is_ok() {
            header.push(card);
        }
    }
    let images: Vec<(Vec<usize>, Samples)> = file.images.into_iter().map(image).collect();

    let mut bytes = Vec::new();
    let mut writer = FitsWriter::new(&mut bytes);
    writer.write_primary(&header, None).expect("every card can be printed");
    for (shape, samples) in &images {
        let image = ImageRef::new(shape, samples);
        writer.write_image("PLANE", &Header::new(), image).expect("the shape holds the samples");
    }
    let columns: Vec<(String, Samples, String)> =
        file.columns.into_iter().map(|(name, numbers, unit)| (name, numbers.samples(), unit)).collect();
    let numbers =
        columns.iter().map(|(name, samples, unit)| NewColumn::new(name, numbers_cells(samples)).unit(unit));
    let mut all: Vec<NewColumn<'_>> = numbers.collect();
    if !file.flags.is_empty() {
        all.push(NewColumn::new("flags", &file.flags));
    }
    if !file.texts.is_empty() {
        all.push(NewColumn::new("texts", &file.texts));
    }
    // Columns of different length, or a name that cannot be written: refused before anything is written.
    let table = writer.write_table("TABLE", &Header::new(), &all).is_ok();

    let limits = Limits::default();
    let findings = verify(&bytes[..], &limits).expect("what was written can be read");
    assert!(is_standard(&findings), "{findings:?}");
    let (hdus, _) = read_all(&bytes[..], &limits).expect("what was written can be decoded");
    assert_eq!(hdus.len(), 1 + images.len() + usize::from(table));
    for card in header.cards().iter().filter(|card| !is_the_writers(card.keyword())) {
        if !card.is_commentary() {
            assert_eq!(hdus[0].head.header.value(card.keyword()), card.value(), "{}", card.keyword());
        }
    }
    for (hdu, (shape, samples)) in hdus[1..].iter().zip(&images) {
        match &hdu.data {
            HduData::Image(image) => {
                assert_eq!(&image.shape, shape);
                assert_same(&image.samples, samples);
            }
            HduData::Empty => assert!(samples.is_empty()),
            other => panic!("an image came back as {other:?}"),
        }
    }
    let Some(HduData::Table(read)) = hdus.last().map(|hdu| &hdu.data).filter(|_| table) else { return };
    for ((_, samples, _), column) in columns.iter().zip(read.columns()) {
        let Ok(Cells::Numbers(cells)) = read.cells(column) else { panic!("{column:?} holds numbers") };
        assert_same(&cells, samples);
    }
    for column in &read.columns()[columns.len()..] {
        match read.cells(column).expect("every column can be read") {
            Cells::Logical(flags) => assert!(flags.into_iter().flatten().eq(file.flags.iter().copied())),
            Cells::Text(texts) => {
                assert!(
                    texts.iter().zip(&file.texts).all(|(read, given)| read == given.trim_end_matches(' '))
                );
            }
            other => panic!("neither flags nor texts: {other:?}"),
        }
    }
});

/// Samples and a shape of one to three axes that holds them.
fn image((numbers, axes): (Numbers, u8)) -> (Vec<usize>, Samples) {
    let samples = numbers.samples();
    let n = samples.len();
    let shape = match axes % 3 {
        1 if n % 2 == 0 => vec![n / 2, 2],
        2 if n % 6 == 0 => vec![2, n / 6, 3],
        _ => vec![n],
    };
    (shape, samples)
}

fn numbers_cells(samples: &Samples) -> crowdsky_fits::CellsRef<'_> {
    crowdsky_fits::CellsRef::Numbers(samples.into())
}

/// Equal to the bit: NaN with the same payload is the same.
fn assert_same(read: &Samples, given: &Samples) {
    match (read.as_ref(), given.as_ref()) {
        (SamplesRef::F32(a), SamplesRef::F32(b)) => {
            assert!(a.iter().map(|x| x.to_bits()).eq(b.iter().map(|x| x.to_bits())));
        }
        (SamplesRef::F64(a), SamplesRef::F64(b)) => {
            assert!(a.iter().map(|x| x.to_bits()).eq(b.iter().map(|x| x.to_bits())));
        }
        (a, b) => assert_eq!(a, b),
    }
}

/// Keywords of which the writer has its own.
fn is_the_writers(keyword: &str) -> bool {
    const NAMES: [&str; 17] = [
        "SIMPLE", "XTENSION", "BITPIX", "NAXIS", "EXTEND", "PCOUNT", "GCOUNT", "GROUPS", "TFIELDS", "THEAP",
        "CHECKSUM", "DATASUM", "END", "LONGSTRN", "BSCALE", "BZERO", "BLANK",
    ];
    const NUMBERED: [&str; 9] =
        ["NAXIS", "TFORM", "TTYPE", "TUNIT", "TDIM", "TSCAL", "TZERO", "TNULL", "TDISP"];
    NAMES.contains(&keyword) || NUMBERED.iter().any(|stem| keyword.starts_with(stem))
}
