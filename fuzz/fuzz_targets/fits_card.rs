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
    if let Ok(records) = card.print() {
        assert_eq!(records, [image], "unchanged, it is written as it was");
    }

    let anew = made_anew(&card);
    // What the standard forbids is refused: NaN, Latin-1, foreign keywords.
    let Ok(records) = anew.print() else { return };
    let back = parse_records(&records);
    let [read] = back.header.cards() else { panic!("{} cards from one", back.header.cards().len()) };
    assert_eq!((read.keyword(), read.value()), (anew.keyword(), anew.value()));
    // A comment is cut at the end of its card.
    assert!(
        anew.comment().trim().starts_with(read.comment().trim()),
        "{:?} {:?}",
        anew.comment(),
        read.comment()
    );
    assert!(is_standard(&back.findings), "our own cards are flawless: {:?}", back.findings);
    if read.comment() == anew.comment() {
        assert_eq!(made_anew(read).print().ok(), Some(records), "printing is stable");
    }
});
