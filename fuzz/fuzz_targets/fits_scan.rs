//! A header in pieces: no panic, no more asked for or held than the limits allow, and what `read_header` says of the whole.
#![no_main]

use crowdsky_fits::{BLOCK, HeaderScanner, Limits, read_header};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (u16, &[u8])| {
    let (piece, bytes) = input;
    let limits = Limits { header_blocks: 8, ..Limits::default() };
    let mut scanner = HeaderScanner::new(&limits);
    let mut at = 0;
    while at < bytes.len() {
        let end = (at + 1 + usize::from(piece)).min(bytes.len());
        match scanner.push(&bytes[at..end]) {
            None => break,
            Some(need) => assert!(need > end && need <= 8 * BLOCK),
        }
        at = end;
    }
    assert!(scanner.bytes().len() <= 8 * BLOCK);
    match (scanner.read(), read_header(bytes, &limits)) {
        // As text: a NaN is no other's equal.
        (Ok(ours), Ok(theirs)) => {
            assert_eq!(format!("{:?}", (ours.header, ours.findings)), format!("{theirs:?}"))
        }
        (Err(_), Err(_)) => {}
        // Gzip is unpacked by one of them only.
        (Err(_), Ok(_)) => assert!(bytes.starts_with(&[0x1f, 0x8b])),
        (Ok(_), Err(error)) => panic!("only the scanner reads it: {error}"),
    }
});
