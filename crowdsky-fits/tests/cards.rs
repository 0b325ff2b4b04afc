//! Cards: what is printed reads back, whatever is read does no harm.

use crowdsky_fits::{Card, Code, Error, Header, Limits, Value};
use proptest::prelude::*;

fn parse(text: &str) -> (Card, Vec<Code>) {
    let mut bytes = [b' '; 80];
    bytes[..text.len()].copy_from_slice(text.as_bytes());
    let (card, findings) = Card::parse(&bytes);
    (card, findings.into_iter().map(|finding| finding.code).collect())
}

fn value(text: &str) -> Value {
    parse(&format!("KEY     = {text}")).0.value().unwrap().clone()
}

#[test]
fn values_in_free_and_fixed_format() {
    assert_eq!(value("                   T / yes"), Value::Logical(true));
    assert_eq!(value("F"), Value::Logical(false));
    assert_eq!(value("+00012"), Value::Integer(12));
    assert_eq!(value("-9223372036854775808"), Value::Integer(i64::MIN));
    assert_eq!(value("9223372036854775808"), Value::BigInteger("9223372036854775808".into()));
    assert_eq!(value("10."), Value::Real(10.0));
    assert_eq!(value(".5"), Value::Real(0.5));
    assert_eq!(value("1.93D2"), Value::Real(193.0));
    assert_eq!(value("-1E-300"), Value::Real(-1e-300));
    assert_eq!(value("(1.5, -2)"), Value::Complex(1.5, -2.0));
    assert_eq!(value("'89113e6'"), Value::Str("89113e6".into()));
    assert_eq!(value("''"), Value::Str("".into()));
    assert_eq!(value("'   '"), Value::Str(" ".into()));
    assert_eq!(value("'  a / b  ' / c"), Value::Str("  a / b".into()));
    assert_eq!(value("'O''Neil'"), Value::Str("O'Neil".into()));
    assert_eq!(value("''''"), Value::Str("'".into()));
    assert_eq!(value(""), Value::Undefined);
    assert_eq!(value("/ only a comment"), Value::Undefined);
    assert_eq!(value("M 31"), Value::Invalid("M 31".into()));
    assert_eq!(value("infinite"), Value::Invalid("infinite".into()));
    assert_eq!(value("t"), Value::Invalid("t".into()));
}

#[test]
fn oddities_are_told() {
    let codes = |text: &str| parse(text).1;
    assert_eq!(codes("EXPTIME = 1.5e3"), [Code::ExponentLowercase]);
    assert_eq!(codes("EXPTIME = nan"), [Code::NotFinite]);
    assert_eq!(codes("exptime = 1"), [Code::KeywordLowercase]);
    assert_eq!(codes("EXP.TIME= 1"), [Code::KeywordIllegal]);
    assert_eq!(codes("OBJECT  = 'M 31"), [Code::StringUnterminated]);
    assert_eq!(codes("OBJECT  = 'M 31' rest / comment"), [Code::TextAfterValue]);
    assert_eq!(codes("OBJECT  = M 31"), [Code::ValueUnreadable]);
    assert_eq!(codes("HIERARCH ASTAP_ZEMOSAIC_SOLVED = T / HIERARCH is no fault"), []);
    assert_eq!(codes("COMMENT = 'anything goes'"), []);
}

#[test]
fn comments_and_names() {
    let (card, _) = parse("HIERARCH ESO  DET   chip = 'x'   /  its / comment ");
    assert_eq!((card.keyword(), card.comment()), ("ESO DET CHIP", "its / comment"));
    let (card, _) = parse("HISTORY   two blanks stay");
    assert_eq!((card.value(), card.comment()), (None, "  two blanks stay"));
}

#[test]
fn long_strings_are_joined() {
    let text = "It''s &' long ".repeat(20).trim_end().to_string();
    let mut header = Header::new();
    header.push(Card::new("LONG", text.as_str(), "a comment"));
    let mut bytes: Vec<u8> = header.cards()[0].print().unwrap().concat();
    assert!(bytes.len() > 80);
    bytes.extend(b"END");
    bytes.resize(2880, b' ');
    let parsed = Header::parse(&bytes, &Limits::default()).unwrap();
    assert!(parsed.findings.is_empty(), "{:?}", parsed.findings);
    assert_eq!(parsed.header.text("LONG"), Some(text.as_str()));
    assert_eq!(parsed.header.cards()[0].comment(), "a comment");
    // Printed again it is what it was, and cut where a limit says so.
    assert_eq!(
        parsed.header.cards()[0].print().unwrap().concat(),
        bytes[..bytes.len() - 2880 + 80 * 6][..80 * 6]
    );
    let limits = Limits { string_length: 100, ..Limits::default() };
    let short = Header::parse(&bytes, &limits).unwrap();
    assert!(short.findings.iter().any(|finding| finding.code == Code::ContinueOrphan));
}

#[test]
fn the_writer_refuses_what_is_illegal() {
    for card in [
        Card::new("TOO LONG A NAME", 1, ""),
        Card::new("SPA CE", 1, ""),
        Card::new("", 1, ""),
        Card::new("END", 1, ""),
        Card::new("NUMBER", f64::NAN, ""),
        Card::new("NUMBER", f64::INFINITY, ""),
        Card::new("NUMBER", Value::Complex(0.0, f64::NAN), ""),
        Card::new("TEXT", "Große Wolke", ""),
        Card::new("TEXT", "line\nbreak", ""),
        Card::new("TEXT", "x", "°C"),
        Card::new("TEXT", Value::Invalid("M 31".into()), ""),
        Card::commentary("HISTORY", "tab\t"),
        Card::commentary("OTHER", "x"),
        Card::hierarch("A  B", 1, ""),
        Card::hierarch("A=B", 1, ""),
    ] {
        let refused = card.print();
        assert!(matches!(refused, Err(Error::Write { .. })), "{card:?} gives {refused:?}");
    }
}

fn text() -> impl Strategy<Value = String> {
    "[ -~]{0,200}".prop_map(|text| text.trim_end().to_string())
}

fn any_value() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Undefined),
        any::<bool>().prop_map(Value::Logical),
        any::<i64>().prop_map(Value::Integer),
        any::<u128>()
            .prop_filter("beyond i64", |n| *n > u64::MAX.into())
            .prop_map(|n| Value::BigInteger(n.to_string())),
        any::<f64>().prop_filter("finite", |x| x.is_finite()).prop_map(Value::Real),
        (any::<f32>(), any::<f32>())
            .prop_filter("finite", |(x, y)| x.is_finite() && y.is_finite())
            .prop_map(|(x, y)| Value::Complex(x.into(), y.into())),
        text().prop_map(Value::Str),
    ]
}

proptest! {
    #[test]
    fn any_80_bytes_do_no_harm(bytes in proptest::collection::vec(any::<u8>(), 80)) {
        let (card, findings) = Card::parse(bytes[..].try_into().unwrap());
        prop_assert!(findings.iter().all(|finding| finding.message.chars().count() < 250));
        let _ = card.print();
    }

    #[test]
    fn any_ascii_value_does_no_harm(text in "[-+'(),./&=TFEDed0-9 A-Za-z]{0,70}") {
        let (card, codes) = parse(&format!("KEY     = {text}"));
        prop_assert!(card.value().is_some());
        prop_assert_eq!(card.print().is_ok(), codes.is_empty());
        match card.mended().print() {
            // What is legal as it stands is written as it stands.
            Ok(records) if codes.is_empty() => prop_assert_eq!(&records[0][..], card.image().unwrap()),
            // What is mended means the same. A text without its closing quote may be too long for one record with it, and goes
            // on in the next.
            Ok(records) if records.len() > 1 => prop_assert!(records[0].trim_ascii_end().ends_with(b"&'")),
            Ok(records) => {
                let again = Card::parse(&records[0]).0;
                prop_assert_eq!(again.value(), card.value());
            }
            Err(_) => prop_assert!(!codes.is_empty()),
        }
    }

    #[test]
    fn what_is_written_reads_back(
        keyword in "[A-DF-Z0-9_-]{1,8}", // without E: no END
        value in any_value(),
        comment in "[!-~]([ -~]{0,20}[!-~])?",
    ) {
        prop_assume!(!matches!(keyword.as_str(), "COMMENT" | "HISTORY" | "CONTINUE"));
        let card = Card::new(&keyword, value, &comment);
        let records = match card.print() {
            Ok(records) => records,
            Err(_) => return Err(TestCaseError::reject("a complex number longer than a card")),
        };
        let mut bytes = records.concat();
        bytes.extend(b"END");
        bytes.resize(bytes.len().next_multiple_of(2880), b' ');
        let parsed = Header::parse(&bytes, &Limits::default()).unwrap();
        prop_assert!(parsed.findings.iter().all(|f| f.code == Code::IntegerTooLarge), "{:?}", parsed.findings);
        prop_assert_eq!(parsed.header.cards().len(), 1);
        let read = &parsed.header.cards()[0];
        prop_assert_eq!(read.keyword(), card.keyword());
        prop_assert_eq!(read.value(), card.value());
        prop_assert!(card.comment().starts_with(read.comment()));
    }

    #[test]
    fn commentary_reads_back(text in text()) {
        let records = Card::commentary("HISTORY", &text).print().unwrap();
        let joined: String = records.iter().map(|r| String::from_utf8_lossy(&r[8..]).into_owned()).collect();
        prop_assert_eq!(joined.trim_end(), text);
    }

    #[test]
    fn any_header_does_no_harm(bytes in proptest::collection::vec(any::<u8>(), 0..6000)) {
        let mut bytes = bytes;
        super::support::read_every_way(&bytes);
        if bytes.len() >= 30 {
            bytes[..30].copy_from_slice(b"SIMPLE  =                    T");
            super::support::read_every_way(&bytes);
        }
    }
}

#[test]
fn odd_cards_are_mended_or_refused() {
    let print = |text: &str| {
        parse(text)
            .0
            .mended()
            .print()
            .map(|records| String::from_utf8_lossy(&records[0]).trim_end().to_owned())
    };
    assert_eq!(print("exptime = 1.5e3").unwrap(), "EXPTIME =               1500.0");
    assert_eq!(print("OBJECT  = 'M 31").unwrap(), "OBJECT  = 'M 31    '");
    assert_eq!(print("GAIN    =80").unwrap(), "GAIN    =                   80");
    for refused in ["EXPTIME = NaN", "EXP.TIME= 1", "OBJECT  = M 31", "KEYWORD 3"] {
        assert!(print(refused).is_err(), "{refused}");
    }
}

#[test]
fn commentary_with_a_value_is_refused() {
    for keyword in ["COMMENT", "HISTORY"] {
        let printed = Card::new(keyword, 7, "").print();
        assert!(matches!(printed, Err(Error::Write { .. })), "{keyword}: {printed:?}");
    }
}

#[test]
fn blanks_at_the_end_of_a_continued_string_do_not_count() {
    let cards = ["SIMPLE  =                    T", "NOTE    = 'one  &'", "CONTINUE  'two   '", "END"];
    let bytes: Vec<u8> = cards.iter().flat_map(|card| format!("{card:<80}").into_bytes()).collect();
    let header = Header::parse(&bytes, &Limits::default()).unwrap().header;
    assert_eq!(header.text("NOTE"), Some("one  two"));
}
