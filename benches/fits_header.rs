//! The header of a Seestar frame.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use crowdsky_benches::{fits_file, night};
use crowdsky_fits::{Header, Limits, frame_meta, read_header};
use std::hint::black_box;

fn fits_header(c: &mut Criterion) {
    let file = fits_file(&night(), 0);
    let limits = Limits::default();
    let parsed = Header::parse(&file, &limits).expect("a header");
    let mut group = c.benchmark_group("fits_header");
    group.throughput(Throughput::Bytes(parsed.len as u64));
    group.bench_function("parse", |b| b.iter(|| Header::parse(black_box(&file), &limits)));
    // What an upload or `inspect` does: from a stream to the facts of the exposure.
    group.bench_function("read and understand", |b| {
        b.iter(|| read_header(black_box(&file[..]), &limits).map(|(header, _)| frame_meta(&header)))
    });
    group.bench_function("print", |b| {
        b.iter(|| parsed.header.cards().iter().filter_map(|card| black_box(card).print().ok()).count())
    });
    group.finish();
}

criterion_group!(benches, fits_header);
criterion_main!(benches);
