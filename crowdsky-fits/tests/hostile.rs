//! Files made to break readers: each kind has crashed, hung or misled some reader (cfitsio's CVEs among them). Ours answers
//! each within a second, in bounded memory, and says what is wrong.

use super::support::memory::peak;
use super::support::{card, data, header, pad, primary, read_every_way, table, within};
use crowdsky_fits::{BLOCK, Code, Limits, inspect, read_all};
use std::time::Duration;

/// What must come out.
enum Answer {
    /// An error with these words.
    Error(&'static str),
    /// A report with this finding.
    Finding(Code),
    /// A report; any findings.
    Read,
    /// A report without findings of its structure, but an error with these words once the data is asked for.
    DataError(&'static str),
}
use Answer::{DataError, Error, Finding, Read};

fn join(parts: &[Vec<u8>]) -> Vec<u8> {
    parts.concat()
}

/// A good empty primary.
fn empty() -> Vec<u8> {
    primary(8, &[], &[])
}

fn with_card(text: &str) -> Vec<u8> {
    primary(8, &[], &[text])
}

fn with_bytes(text: &[u8]) -> Vec<u8> {
    let mut bytes = primary(8, &[], &["PLACE"]);
    bytes[240..240 + text.len()].copy_from_slice(text);
    bytes
}

/// The product of two axes of 2^32 wraps to 0 in 64 bits.
const TWO_32: &str = "4294967296";

fn cases() -> Vec<(&'static str, Vec<u8>, Answer)> {
    let lone_quote = "KEY     = '";
    let long_header = |count: usize| {
        let text = "HISTORY a line of processing history as pipelines leave them by the thousand";
        primary(8, &[], &vec![text; count])
    };
    let no_end = |blocks: usize| {
        let mut bytes = empty();
        bytes.truncate(240);
        bytes.resize(blocks * BLOCK, b' ');
        bytes
    };
    let continues = |count: usize| {
        let mut cards = vec!["LONG    = 'start&'"];
        cards.extend(vec![
            "CONTINUE  'more of it, and more of it, and more of it, and more of it 1234&'";
            count
        ]);
        primary(8, &[], &cards)
    };
    let truncated = {
        let mut bytes = primary(16, &["1080", "1920"], &["BZERO   =                32768"]);
        bytes.extend(data());
        bytes
    };
    let mut axes_999 = vec!["1"; 999];
    let many_axes = primary(8, &axes_999, &[]);
    axes_999[998] = "2";
    let hdus = |count: usize| {
        let one = header(&[
            "XTENSION= 'IMAGE   '",
            &card("BITPIX", 8),
            &card("NAXIS", 0),
            &card("PCOUNT", 0),
            &card("GCOUNT", 1),
        ]);
        join(&[empty(), one.repeat(count)])
    };
    let bintable = |row: &str, rows: &str, pcount: &str, fields: &str, more: &[&str]| {
        join(&[empty(), table(row, rows, pcount, fields, more), data()])
    };
    let vla = |count: u32, offset: u32| {
        let mut bytes = join(&[empty(), table("8", "1", "100", "1", &["TFORM1  = '1PE(9)'"])]);
        bytes.extend(count.to_be_bytes());
        bytes.extend(offset.to_be_bytes());
        pad(bytes, 0)
    };
    let amplified = {
        // 20,000 rows that all point to the same 100,000 bytes: 2 GB if it were believed.
        let more = ["TFORM1  = '1PB(100000)'"];
        let mut bytes = join(&[empty(), table("8", "20000", "100000", "1", &more)]);
        (0..20_000).for_each(|_| bytes.extend([100_000u32.to_be_bytes(), 0u32.to_be_bytes()].concat()));
        bytes.resize(bytes.len() + 100_000, 7);
        pad(bytes, 0)
    };
    let extension = |xtension: &str| {
        join(&[
            empty(),
            header(&[
                xtension,
                &card("BITPIX", 8),
                &card("NAXIS", 0),
                &card("PCOUNT", 0),
                &card("GCOUNT", 1),
            ]),
        ])
    };
    let nul_padded = {
        let mut bytes = empty();
        let end = bytes.len() - 80;
        bytes[end..].fill(0);
        bytes
    };
    let gzip_only_magic = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 1, 2, 3];
    let cut = |mut bytes: Vec<u8>, len: usize| {
        bytes.truncate(len);
        bytes
    };
    vec![
        ("no bytes", vec![], Error("empty")),
        ("one byte", vec![b'S'], Error("not a FITS file")),
        ("text", b"Hello, this is not a FITS file".to_vec(), Error("not a FITS file")),
        ("30 bytes with the right magic", b"SIMPLE  =                    T".to_vec(), Error("no END card")),
        ("zeros", vec![0; BLOCK], Error("not a FITS file")),
        ("END at once", header(&[]), Error("not a FITS file")),
        ("lone quote", with_card(lone_quote), Finding(Code::StringUnterminated)),
        (
            "lone quote in SIMPLE",
            header(&["SIMPLE  = '", &card("BITPIX", 8), &card("NAXIS", 0)]),
            Finding(Code::MandatoryValue),
        ),
        ("lone quote in XTENSION", extension("XTENSION= '"), Read),
        (
            "lone quote in CONTINUE",
            primary(8, &[], &["A       = 'x&'", "CONTINUE  '"]),
            Finding(Code::StringUnterminated),
        ),
        (
            "quote at column 80",
            with_card(&format!("KEY     = {:>70}", "'")),
            Finding(Code::StringUnterminated),
        ),
        (
            "lone quote in BITPIX",
            header(&[&card("SIMPLE", "T"), "BITPIX  = '", &card("NAXIS", 0)]),
            Error("BITPIX"),
        ),
        ("lone parenthesis", with_card("KEY     = ("), Finding(Code::ValueUnreadable)),
        ("complex of one part", with_card("KEY     = (1.0)"), Finding(Code::ValueUnreadable)),
        ("only signs", with_card("KEY     = +-+-"), Finding(Code::ValueUnreadable)),
        ("exponent without end", with_card("KEY     = 1E99999999999"), Finding(Code::NotFinite)),
        ("70 digits", with_card(&format!("KEY     = {}", "9".repeat(70))), Finding(Code::IntegerTooLarge)),
        ("NaN", with_card("KEY     = NaN"), Finding(Code::NotFinite)),
        ("lower-case keyword", with_card("exptime =                   10"), Finding(Code::KeywordLowercase)),
        ("Latin-1 in a comment", with_bytes(b"KEY     =  1 / 20 \xb0C"), Finding(Code::NotAscii)),
        ("NUL in a string", with_bytes(b"KEY     = 'a\0b'"), Finding(Code::NotAscii)),
        ("all bytes 0xff in a card", with_bytes(&[0xff; 80]), Finding(Code::NotAscii)),
        ("keyword twice", primary(8, &[], &["A       = 1", "A       = 2"]), Finding(Code::DuplicateKeyword)),
        ("HIERARCH without equals", with_card("HIERARCH this is only text"), Finding(Code::NoValueIndicator)),
        ("HIERARCH without name", with_card("HIERARCH = 3"), Read),
        ("no value indicator", with_card("KEYWORD 3"), Finding(Code::NoValueIndicator)),
        ("equals without blank", with_card("KEY     =3"), Finding(Code::NoBlankAfterEquals)),
        (
            "BITPIX with = in column 8",
            header(&[&card("SIMPLE", "T"), "BITPIX = 16", &card("NAXIS", 0)]),
            Error("BITPIX"),
        ),
        ("BITPIX 7", primary(7, &[], &[]), Error("none of 8, 16")),
        (
            "BITPIX huge",
            header(&[&card("SIMPLE", "T"), &card("BITPIX", i64::MIN), &card("NAXIS", 0)]),
            Error("BITPIX"),
        ),
        ("BITPIX missing", header(&[&card("SIMPLE", "T"), &card("NAXIS", 0)]), Error("missing")),
        ("NAXIS -1", header(&[&card("SIMPLE", "T"), &card("BITPIX", 8), &card("NAXIS", -1)]), Error("NAXIS")),
        (
            "NAXIS 1000",
            header(&[&card("SIMPLE", "T"), &card("BITPIX", 8), &card("NAXIS", 1000)]),
            Error("NAXIS"),
        ),
        (
            "NAXIS 1e9",
            header(&[&card("SIMPLE", "T"), &card("BITPIX", 8), &card("NAXIS", 1_000_000_000)]),
            Error("NAXIS"),
        ),
        (
            "NAXIS 1e18",
            header(&[&card("SIMPLE", "T"), &card("BITPIX", 8), &card("NAXIS", 10i64.pow(18))]),
            Error("NAXIS"),
        ),
        (
            "NAXIS a string",
            header(&[&card("SIMPLE", "T"), &card("BITPIX", 8), "NAXIS   = '2'"]),
            Error("integer"),
        ),
        ("NAXIS 999", join(&[many_axes, data()]), Read),
        ("NAXIS 999, last 2", join(&[primary(8, &axes_999, &[]), data()]), Read),
        (
            "NAXIS1 missing",
            header(&[&card("SIMPLE", "T"), &card("BITPIX", 8), &card("NAXIS", 1)]),
            Error("NAXIS1"),
        ),
        ("NAXIS1 -5", primary(8, &["-5"], &[]), Error("NAXIS1")),
        ("NAXIS1 91.0", join(&[primary(8, &["91.0"], &[]), data()]), Finding(Code::MandatoryValue)),
        ("axes that wrap to 0", primary(8, &[TWO_32, TWO_32], &[]), Error("64 bits")),
        ("three axes that wrap", primary(-64, &[TWO_32, TWO_32, TWO_32], &[]), Error("64 bits")),
        ("axes that overflow beside a 0", primary(8, &["0", TWO_32, TWO_32], &[]), Error("64 bits")),
        ("an axis of i64::MAX", primary(8, &["9223372036854775807"], &[]), Error("limit")),
        ("an axis of 0 and a huge one", primary(8, &["0", "9000000000000000000"], &[]), Read),
        (
            "1e12 pixels, one block",
            join(&[primary(16, &["1000000", "1000000"], &[]), data()]),
            Error("limit"),
        ),
        (
            "4 GB declared, one block",
            join(&[primary(16, &["40000", "50000"], &[]), data()]),
            Finding(Code::DataTruncated),
        ),
        ("truncated pixels", truncated, Finding(Code::DataTruncated)),
        (
            "data padding missing",
            cut(join(&[primary(8, &["100"], &[]), data()]), BLOCK + 100),
            Finding(Code::DataPaddingMissing),
        ),
        ("header padding missing", cut(empty(), 4 * 80), Finding(Code::HeaderPaddingMissing)),
        ("END cut short", cut(empty(), 3 * 80 + 3), Finding(Code::HeaderPaddingMissing)),
        ("header padded with NUL", nul_padded, Finding(Code::HeaderPaddingNotBlank)),
        ("no END, 1 block", no_end(1), Error("no END card")),
        ("no END, 3000 blocks", no_end(3000), Error("limit")),
        ("43,949 HISTORY cards", long_header(43_949), Read),
        ("100,000 HISTORY cards", long_header(100_000), Error("limit")),
        ("CONTINUE without start", primary(8, &[], &["CONTINUE  'lost'"]), Finding(Code::ContinueOrphan)),
        ("CONTINUE, 20,000 of them", continues(20_000), Finding(Code::ContinueOrphan)),
        (
            "trailing junk",
            join(&[empty(), b"junk behind the end".repeat(1000)]),
            Finding(Code::TrailingBytes),
        ),
        ("trailing zeros", join(&[empty(), vec![0; 10 * BLOCK]]), Finding(Code::TrailingBytes)),
        ("a second SIMPLE", join(&[empty(), empty()]), Finding(Code::TrailingBytes)),
        (
            "extension without END",
            join(&[empty(), b"XTENSION= 'IMAGE   '".to_vec()]),
            Finding(Code::UnitUnreadable),
        ),
        ("4000 units", hdus(4000), Read),
        ("5000 units", hdus(5000), Finding(Code::UnitUnreadable)),
        ("PCOUNT -1", join(&[empty(), table("8", "1", "-1", "0", &[])]), Finding(Code::UnitUnreadable)),
        ("PCOUNT huge", bintable("8", "1", "9223372036854775807", "0", &[]), Finding(Code::UnitUnreadable)),
        ("TFIELDS -1", bintable("8", "1", "0", "-1", &[]), DataError("TFIELDS")),
        ("TFIELDS 1e12", bintable("8", "1", "0", "1000000000000", &[]), DataError("TFIELDS")),
        ("TFORM missing", bintable("8", "1", "0", "1", &[]), DataError("TFORM")),
        ("TFORM of nonsense", bintable("8", "1", "0", "1", &["TFORM1  = '3Z'"]), DataError("no type")),
        ("TFORM empty", bintable("8", "1", "0", "1", &["TFORM1  = ''"]), DataError("no type")),
        ("TFORM in Latin-1", bintable("8", "1", "0", "1", &["TFORM1  = '1\u{e9}'"]), DataError("no type")),
        (
            "TFORM wider than the row",
            bintable("8", "1", "0", "1", &["TFORM1  = '9B'"]),
            DataError("beyond the 8 bytes"),
        ),
        (
            "TFORM wider than memory",
            bintable("8", "1", "0", "1", &["TFORM1  = '9999999999999999999M'"]),
            DataError("wide"),
        ),
        (
            "repeat counts that overflow",
            bintable("8", "1", "0", "1", &["TFORM1  = '18446744073709551615M'"]),
            DataError("wide"),
        ),
        (
            "rows without width, 1e18",
            bintable("0", "1000000000000000000", "0", "1", &["TFORM1  = '0A'"]),
            DataError("limit"),
        ),
        ("THEAP inside the rows", bintable("8", "1", "0", "0", &["THEAP   = 3"]), DataError("THEAP")),
        ("THEAP -1", bintable("8", "1", "0", "0", &["THEAP   = -1"]), DataError("THEAP")),
        (
            "TDIM that overflows",
            bintable("8", "1", "0", "1", &["TFORM1  = '8B'", "TDIM1   = '(99999999999,99999999999)'"]),
            Read,
        ),
        ("TSCAL a string", bintable("8", "1", "0", "1", &["TFORM1  = '8B'", "TSCAL1  = 'x'"]), Read),
        ("array beyond the heap", vla(4, 96), Read),
        ("array of negative length", vla(u32::MAX, 0), Read),
        ("array at a negative offset", vla(1, 1 << 31), Read),
        ("rows that share one array", amplified, Read),
        ("ZNAXIS -1", bintable("8", "1", "0", "1", &["TFORM1  = '8B'", "ZIMAGE  = T", "ZNAXIS  = -1"]), Read),
        (
            "GCOUNT huge in groups",
            primary(16, &["0", "9"], &["GROUPS  = T", "PCOUNT  = 9", "GCOUNT  = 9223372036854775807"]),
            Error("64 bits"),
        ),
        (
            "groups, truncated",
            primary(16, &["0", "9"], &["GROUPS  = T", "PCOUNT  = 9", "GCOUNT  = 7"]),
            Finding(Code::DataTruncated),
        ),
        ("DATASUM of nonsense", primary(8, &[], &["DATASUM = 'abc'"]), Finding(Code::ChecksumUnreadable)),
        (
            "CHECKSUM wrong",
            primary(8, &[], &["CHECKSUM= 'aaaaaaaaaaaaaaaa'"]),
            Finding(Code::ChecksumMismatch),
        ),
        ("gzip magic and nothing good", gzip_only_magic, Error("gzip")),
        ("gzip magic only", vec![0x1f, 0x8b], Error("gzip")),
        ("compress magic", vec![0x1f, 0x9d, 0x90, 1, 2, 3], Error("LZW")),
    ]
}

#[test]
fn each_is_answered_within_a_second() {
    for (name, bytes, answer) in cases() {
        let read = || peak(|| inspect(&bytes[..], &Limits::default()));
        let (report, memory) = within(Duration::from_secs(1), name, read);
        // Eight times the file: what a header of HISTORY cards takes as cards.
        assert!(
            memory < (8 * bytes.len()).max(1 << 20),
            "{name}: {memory} bytes for {} of file",
            bytes.len()
        );
        match (answer, report) {
            (Error(words), Err(error)) => {
                let text = error.to_string();
                assert!(text.contains(words) && text.len() < 300, "{name}: {text}");
            }
            (Finding(code), Ok(report)) => {
                assert!(report.findings.iter().any(|f| f.code == code), "{name}: {:?}", report.findings);
                assert!(report.findings.iter().all(|f| f.to_string().len() < 300), "{name}");
            }
            (Read, Ok(_)) => {}
            (DataError(words), Ok(_)) => {
                let error = read_all(&bytes[..], &Limits::default()).expect_err(name).to_string();
                assert!(error.contains(words), "{name}: {error}");
            }
            (_, Ok(report)) => panic!("{name}: read, with {:?}", report.findings),
            (_, Err(error)) => panic!("{name}: {error}"),
        }
    }
}

#[test]
fn none_breaks_any_reader() {
    for (name, bytes, _) in cases() {
        let ((), memory) = within(Duration::from_secs(2), name, || peak(|| read_every_way(&bytes)));
        // Set aside on the header's word: 32 MB, whatever it declares.
        assert!(memory < 128 << 20, "{name}: {memory} bytes");
    }
}

/// Every byte of a small file with a table, changed to a few others.
#[test]
fn no_single_byte_breaks_any_reader() {
    let good = join(&[
        primary(16, &["4", "3"], &["BZERO   =                32768", "A       = 'x&'", "CONTINUE  'y'"]),
        pad(vec![1; 24], 0),
        table(
            "16",
            "2",
            "40",
            "2",
            &["TFORM1  = '1PE(3)'", "TFORM2  = '2E'", "TDIM2   = '(1,2)'", "THEAP   = 40"],
        ),
        data(),
    ]);
    for index in (0..good.len()).filter(|i| i % 2880 < 14 * 80) {
        for byte in [b'\'', b'9', b'-', 0, 0xff] {
            let mut bytes = good.clone();
            bytes[index] = byte;
            read_every_way(&bytes);
        }
    }
}
