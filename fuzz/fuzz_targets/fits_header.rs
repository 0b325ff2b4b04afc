//! Any bytes as a header: parsed, judged, written, read again.
#![no_main]

use crowdsky_fits::{Card, FitsWriter, Header, Layout, Limits, frame_meta, read_header};
use crowdsky_fuzz::{check_findings, made_anew, small_limits};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let limits = small_limits();
    let parsed = match Header::parse(data, &limits) {
        Ok(parsed) => parsed,
        Err(error) => return assert!(error.to_string().len() < 1000),
    };
    check_findings(&parsed.findings, limits.findings);
    assert!(parsed.len <= data.len() && (parsed.len % 2880 == 0 || parsed.len == data.len()));
    for card in parsed.header.cards() {
        assert!(card.offset() % 80 == 0 && (card.offset() as usize) < parsed.len);
        let first = parsed.header.get(card.keyword()).expect("a card is found by its keyword");
        assert!(first.offset() <= card.offset(), "the first card of a keyword counts");
    }
    let _ = Layout::of(&parsed.header);
    let (_, findings) = frame_meta(&parsed.header);
    check_findings(&findings, limits.findings);

    // Once as it was read, once with every card printed anew.
    write_and_read(&parsed.header);
    let mut anew = Header::new();
    parsed.header.cards().iter().map(made_anew).filter(|card| card.print().is_ok()).for_each(|card| {
        anew.push(card);
    });
    write_and_read(&anew);
});

/// What the writer takes comes back: its own cards first, then the given ones that are not its own, in their order.
fn write_and_read(header: &Header) {
    let mut file = Vec::new();
    if FitsWriter::new(&mut file).write_primary(header, None).is_err() {
        return;
    }
    let (read, _) = read_header(&file[..], &Limits::default()).expect("what was written can be read");
    let said = |header: &Header| -> Vec<(String, String)> {
        let ours = |card: &&Card| !matches!(card.keyword(), "" | "COMMENT" | "HISTORY" | "CONTINUE");
        let content = |card: &Card| (card.keyword().to_owned(), format!("{:?}", card.value()));
        header.cards().iter().filter(ours).map(content).collect()
    };
    let (given, read) = (said(header), said(&read));
    // All that was read in excess is the writer's: SIMPLE to EXTEND in front, CHECKSUM and DATASUM behind.
    let [front @ .., (checksum, _), (datasum, _)] = &read[..] else { panic!("no checksums: {read:?}") };
    assert_eq!([checksum, datasum], ["CHECKSUM", "DATASUM"]);
    let mut rest = given.iter();
    for card in &front[4..] {
        assert!(rest.any(|given| given == card), "{card:?} was read but not given");
    }
}
