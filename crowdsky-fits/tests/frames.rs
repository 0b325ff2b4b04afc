//! The door to core: odd headers and whole stacks.

use crowdsky_core::{Filter, FrameMeta, StackMeta};
use crowdsky_fits::{Code, FitsWriter, Header, Limits, Value, frame_meta, read_header, stack_cards};

fn codes(header: &Header) -> Vec<(String, Code)> {
    frame_meta(header).1.into_iter().map(|finding| (finding.keyword, finding.code)).collect()
}

#[test]
fn what_is_missing_or_unusable_is_told() {
    use Code::{FrameKeywordMissing as Missing, FrameKeywordUnusable as Unusable};
    let expect = |list: &[(&str, Code)]| list.iter().map(|(k, c)| (k.to_string(), *c)).collect::<Vec<_>>();
    let all = [("DATE-OBS", Missing), ("EXPTIME", Missing), ("RA", Missing), ("DEC", Missing)];
    assert_eq!(codes(&Header::new()), expect(&all));
    let mut header = Header::new();
    header.set("DATE-OBS", "yesterday", "").set("EXPTIME", -1.0, "").set("RA", 10.0, "").set("DEC", 91.0, "");
    header.set("GAIN", "high", "").set("FOCUSPOS", 1.5, "");
    let all = [
        ("DATE-OBS", Unusable),
        ("EXPTIME", Unusable),
        ("DEC", Unusable),
        ("GAIN", Unusable),
        ("FOCUSPOS", Unusable),
    ];
    assert_eq!(codes(&header), expect(&all));
}

#[test]
fn values_of_other_types_are_taken_where_they_are_clear() {
    let mut header = Header::new();
    header
        .set("DATE-OBS", "2025-03-27T01:20:32", "")
        .set("EXPOSURE", 20, "")
        .set("RA", 10, "")
        .set("DEC", -5, "");
    header.set("OBJECT", 7023, "").set("EQMODE", true, "").set("FILTER", " lp ", "").set("FOCALLEN", 0, "");
    header.set("CCD-TEMP", Value::Undefined, "").set("TELESCOP", "   ", "");
    let (frame, findings) = frame_meta(&header);
    assert!(findings.is_empty(), "{findings:?}");
    assert_eq!(frame.exptime, Some(20.0));
    assert_eq!(frame.object.as_deref(), Some("7023"));
    assert_eq!((frame.eq_mode, frame.filter), (Some(true), Some(Filter::Lp)));
    assert_eq!((frame.focal_length_mm, frame.ccd_temp, frame.telescope), (None, None, None));
}

#[test]
fn a_stack_says_what_it_is_made_of() {
    let mut header = Header::new();
    header.set("NAXIS", 2, "").set("NAXIS1", 1080, "").set("NAXIS2", 1920, "").set(
        "OBJECT",
        "Große Wolke",
        "",
    );
    header.set("DATE-OBS", "2025-03-27T01:20:32.955368", "").set("EXPTIME", 10.0, "");
    header.set("RA", 193.04166, "").set("DEC", 40.970556, "").set("FILTER", "IRCUT", "");
    let frames: Vec<FrameMeta> = vec![frame_meta(&header).0; 3];
    let mut cards = stack_cards(&StackMeta::from_frames(&frames, 5));
    cards.history("frame 1: accepted");
    let mut file = Vec::new();
    FitsWriter::new(&mut file).write_primary(&cards, None).unwrap();
    let (read, findings) = read_header(&file[..], &Limits::default()).unwrap();
    assert!(findings.is_empty(), "{findings:?}");
    assert_eq!(read.text("OBJECT"), Some("Gro?e Wolke"));
    assert_eq!(read.text("DATE-OBS"), Some("2025-03-27T01:20:32.955368"));
    assert_eq!(read.text("DATE-END"), Some("2025-03-27T01:20:42.955368"));
    assert_eq!(read.text("CHUNKKEY"), Some("20250327.05_193.0_+41.0"));
    assert_eq!(read.text("HPXKEY"), Some("20250327.05_HP033810"));
    assert_eq!(read.real("EXPTIME"), Some(30.0));
    assert_eq!(
        (read.integer("NIMAGES"), read.integer("STACKCNT"), read.integer("NFRAMES")),
        (Some(3), Some(3), Some(5))
    );
    assert_eq!(read.text("SWVERSION"), Some(env!("CARGO_PKG_VERSION")));
    for absent in ["BAYERPAT", "BZERO", "SITELAT", "SITELONG", "GAIN"] {
        assert!(read.get(absent).is_none(), "{absent}");
    }
    assert!(!frame_meta(&read).0.is_raw());
}

#[test]
fn a_name_fits_one_card() {
    let meta = StackMeta { object: Some("O'Neil ".repeat(20)), ..StackMeta::default() };
    let cards = stack_cards(&meta);
    assert_eq!(cards.get("OBJECT").unwrap().print().unwrap().len(), 1);
    assert!(cards.text("OBJECT").unwrap().starts_with("O'Neil O'Neil "));
}
