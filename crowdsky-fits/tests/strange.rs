//! Headers capture software writes, and what astropy's users have met.

use super::support::{card, header, pad};
use crowdsky_fits::{Code, Limits, Value, inspect, read_header};

fn read(cards: &[&str]) -> (crowdsky_fits::Header, Vec<Code>) {
    let start = [card("SIMPLE", "T"), card("BITPIX", 8), card("NAXIS", 0)];
    let cards: Vec<&str> = start.iter().map(String::as_str).chain(cards.iter().copied()).collect();
    let (header, findings) = read_header(&header(&cards)[..], &Limits::default()).unwrap();
    (header, findings.into_iter().map(|finding| finding.code).collect())
}

#[test]
fn the_first_of_two_counts_in_any_case() {
    let (header, codes) = read(&["EXPTIME = 10", "exptime = 20"]);
    assert_eq!(header.real("ExpTime"), Some(10.0));
    assert_eq!(codes, [Code::KeywordLowercase, Code::DuplicateKeyword]);
}

#[test]
fn undefined_is_not_absent() {
    let (header, codes) = read(&["CCD-TEMP=                      / not measured"]);
    assert_eq!(header.value("CCD-TEMP"), Some(&Value::Undefined));
    assert_eq!(header.get("CCD-TEMP").unwrap().comment(), "not measured");
    assert_eq!((header.value("GAIN"), codes.len()), (None, 0));
}

#[test]
fn a_continued_string_and_what_is_none() {
    let (header, codes) = read(&[
        "LONG    = 'one &'            / first",
        "CONTINUE  'two &'",
        "CONTINUE  'three'            / second",
        "PLAIN   = 'ends with &'",
        "OTHER   = 1",
    ]);
    assert_eq!(header.text("LONG"), Some("one two three"));
    assert_eq!(header.get("LONG").unwrap().comment(), "first second");
    assert_eq!(header.text("PLAIN"), Some("ends with &"));
    assert_eq!(codes, []);
    let (header, codes) = read(&["SHORT   = 'x'", "CONTINUE  'y'"]);
    assert_eq!(header.text("SHORT"), Some("x"));
    assert_eq!(codes, [Code::ContinueOrphan]);
}

#[test]
fn mandatory_cards_in_free_format_or_out_of_place() {
    let bytes = header(&["SIMPLE  = T", "NAXIS   = 1", "BITPIX  = 8 / bits", "EXTRA   = 1", "NAXIS1  = 4"]);
    let report = inspect(&pad([bytes, vec![1; 4]].concat(), 0)[..], &Limits::default()).unwrap();
    let codes: Vec<(Code, &str)> = report.findings.iter().map(|f| (f.code, f.keyword.as_str())).collect();
    assert_eq!(
        codes,
        [
            (Code::MandatoryFormat, "SIMPLE"),
            (Code::MandatoryOrder, "BITPIX"),
            (Code::MandatoryFormat, "BITPIX"),
            (Code::MandatoryOrder, "NAXIS"),
            (Code::MandatoryFormat, "NAXIS"),
            (Code::MandatoryOrder, "NAXIS1"),
            (Code::MandatoryFormat, "NAXIS1"),
        ]
    );
    assert_eq!(report.hdus[0].layout.shape, [4]);
    // Offsets point to the cards themselves.
    assert_eq!(report.findings[1].offset, 160);
}

#[test]
fn findings_have_unique_numbers_and_a_limit() {
    let mut numbers: Vec<u16> = Code::ALL.iter().map(|code| code.number()).collect();
    numbers.dedup();
    assert_eq!(numbers.len(), Code::ALL.len());
    let many = vec!["KEYWORD without a value"; 100];
    let cards: Vec<&str> = ["SIMPLE  = T"].into_iter().chain(many).collect();
    let limits = Limits { findings: 10, ..Limits::default() };
    let (_, findings) = read_header(&header(&cards)[..], &limits).unwrap();
    assert_eq!(findings.len(), 11);
    assert_eq!(findings[10].message, "90 more findings are not listed");
}
