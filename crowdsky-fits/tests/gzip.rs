//! Packed files: unpacked on the fly, never beyond the limit.

use super::support::memory::peak;
use super::support::{primary, read_every_way, within};
use crowdsky_fits::{Error, FitsWriter, Header, ImageRef, Limits, inspect, read_header, read_raw_u16};
use flate2::{Compression, write::GzEncoder};
use std::io::Write;
use std::time::Duration;

fn pack(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn frame() -> Vec<u8> {
    let pixels: Vec<u16> = (0..200 * 300u32).map(|i| (i * 7919) as u16).collect();
    let mut file = Vec::new();
    FitsWriter::new(&mut file)
        .write_primary(&Header::new(), Some(ImageRef::new(&[200, 300], &pixels)))
        .unwrap();
    file
}

#[test]
fn reads_the_same_as_unpacked() {
    let (plain, packed) = (frame(), pack(&frame()));
    assert!(packed.len() < plain.len());
    let limits = Limits::default();
    assert_eq!(
        read_raw_u16(&packed[..], &limits).unwrap().pixels,
        read_raw_u16(&plain[..], &limits).unwrap().pixels
    );
    assert_eq!(read_header(&packed[..], &limits).unwrap().0, read_header(&plain[..], &limits).unwrap().0);
    let report = inspect(&packed[..], &limits).unwrap();
    assert!(report.gzip && report.findings.is_empty());
    // Two members, as `cat a.gz b.gz` makes them.
    let halves = [pack(&plain[..5000]), pack(&plain[5000..])].concat();
    assert!(inspect(&halves[..], &limits).unwrap().findings.is_empty());
}

#[test]
fn a_cut_or_damaged_file_is_called_that() {
    let packed = pack(&frame());
    let cut = read_raw_u16(&packed[..packed.len() / 2], &Limits::default()).unwrap_err();
    assert!(matches!(cut, Error::Gzip { .. }), "{cut}");
    let mut damaged = packed.clone();
    let middle = packed.len() / 2;
    damaged[middle..middle + 100].fill(0xaa);
    assert!(inspect(&damaged[..], &Limits::default()).map_or(true, |report| !report.findings.is_empty()));
    read_every_way(&damaged);
}

#[test]
fn a_bomb_is_stopped_at_the_limit() {
    // 300 MB of zeros behind a good header pack to 1.3 MB.
    let mut bomb = primary(8, &["300000000"], &[]);
    bomb.resize(300 << 20, 0);
    let packed = pack(&bomb);
    drop(bomb);
    assert!(packed.len() < 2 << 20);
    let read = || peak(|| inspect(&packed[..], &Limits::default()).unwrap());
    let (report, memory) = within(Duration::from_secs(2), "a bomb", read);
    assert!(memory < 1 << 20, "{memory} bytes");
    let last = report.findings.last().unwrap();
    assert!(last.message.contains("gzip") && last.message.contains("limit"), "{last}");
    // Nobody asks for the data, so nobody waits for it.
    assert!(read_header(&packed[..], &Limits::default()).is_ok());
}
