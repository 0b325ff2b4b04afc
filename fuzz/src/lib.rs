//! What several fuzz targets share.

use crowdsky_fits::{Card, Code, Finding, Header, Limits, ParsedHeader};
use crowdsky_webdav::multistatus::decode_href;
use crowdsky_webdav::{Config, Credentials, Limits as DavLimits, RemotePath};

/// Limits so small that the fuzzer reaches each of them with inputs of a few kilobytes.
pub fn small_limits() -> Limits {
    Limits {
        header_blocks: 16,
        header_blocks_total: 64,
        hdus: 32,
        data_bytes: 1 << 20,
        pixels: 1 << 16,
        string_length: 1000,
        gzip_bytes: 1 << 20,
        findings: 50,
    }
}

/// A card with the same content that does not remember the bytes it was read from, so that printing it prints it anew.
pub fn made_anew(card: &Card) -> Card {
    match card.value() {
        None => Card::commentary(card.keyword(), card.comment()),
        Some(value) if card.keyword().len() > 8 || card.keyword().contains(' ') => {
            Card::hierarch(card.keyword(), value.clone(), card.comment())
        }
        Some(value) => Card::new(card.keyword(), value.clone(), card.comment()),
    }
}

/// Reads printed cards back, together, as a header.
pub fn parse_records(records: &[[u8; 80]]) -> ParsedHeader {
    let mut bytes = records.concat();
    bytes.extend_from_slice(b"END");
    bytes.resize(bytes.len().next_multiple_of(2880), b' ');
    Header::parse(&bytes, &Limits::default()).expect("a printed header has an END")
}

/// Whether nothing breaks the standard. Integers beyond 64 bits are legal (BZERO of 64-bit unsigned samples is one); the finding
/// warns whoever uses the value.
pub fn is_standard(findings: &[Finding]) -> bool {
    findings.iter().all(|finding| finding.code == Code::IntegerTooLarge)
}

/// Text for people stays short whatever the file holds: a copy of the input in it is what made cfitsio's buffers overflow.
/// 70 control characters, written as \\u{14}, are 420 bytes.
pub fn check_findings(findings: &[Finding], limit: usize) {
    assert!(findings.len() <= limit + 1, "{} findings, the limit is {limit}", findings.len());
    for finding in findings {
        assert!(finding.to_string().len() < 1000, "a finding of {} bytes", finding.to_string().len());
    }
}

/// A WebDAV folder that paths must not leave.
pub fn dav_base() -> Config {
    Config::new("https://cloud.example/public.php/webdav/", Credentials::None).expect("a base address")
}

/// Limits that an answer of a few kilobytes reaches.
pub fn small_dav_limits() -> DavLimits {
    DavLimits { propfind_bytes: 8192, entries: 8, depth: 8 }
}

/// The path stays itself when it is printed and read, its address is the base and more, and the address leads back to it.
pub fn check_below(config: &Config, path: &RemotePath) {
    assert_eq!(path.to_string().parse().as_ref(), Ok(path));
    let (base, encoded) = (config.base_url(), path.encoded());
    // As the HTTP library reads it: it would resolve dots, escaped ones too.
    let address = base.join(&encoded).expect("an encoded path is a relative address");
    assert_eq!(address.as_str(), format!("{base}{encoded}"));
    assert_eq!(decode_href(address.path(), base, None), Some(Some(path.clone())));
}
