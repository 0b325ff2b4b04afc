//! Any 80 bytes are a card; what it says is still said after printing it and reading it again.
#![no_main]

use crowdsky_fits::Card;
use crowdsky_fuzz::{check_findings, is_standard, made_anew, parse_records};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let mut image = [b' '; 80];
    let len = data.len().min(80);
    image[..len].copy_from_slice(&data[..len]);

    let (card, findings) = Card::parse(&image);
    check_findings(&findings, 80);
    assert_eq!(card.image(), Some(&image[..]), "a card that was read remembers its bytes");
    match card.print() {
        Ok(records) => assert_eq!(records, [image], "unchanged, it is written as it was"),
        Err(_) => assert!(!findings.is_empty(), "only an odd card is refused"),
    }
    // Alone, a CONTINUE continues nothing and an END ends the header.
    if matches!(card.keyword(), "CONTINUE" | "END") {
        return;
    }
    print_and_read(&card.mended());
    let anew = made_anew(&card);
    if let Some((records, read)) = print_and_read(&anew)
        && read.comment() == anew.comment()
    {
        assert_eq!(made_anew(&read).print().ok(), Some(records), "printing is stable");
    }
});

/// What the standard forbids is refused: NaN, Latin-1, foreign keywords. All else comes back.
fn print_and_read(card: &Card) -> Option<(Vec<[u8; 80]>, Card)> {
    let records = card.print().ok()?;
    let back = parse_records(&records);
    assert!(is_standard(&back.findings), "our own cards are flawless: {:?}", back.findings);
    let [read] = back.header.cards() else { panic!("{} cards from one", back.header.cards().len()) };
    assert_eq!((read.keyword(), read.value()), (card.keyword(), card.value()));
    // A comment is cut at the end of its card.
    assert!(
        card.comment().trim().starts_with(read.comment().trim()),
        "{:?} {:?}",
        card.comment(),
        read.comment()
    );
    Some((records, read.clone()))
}
