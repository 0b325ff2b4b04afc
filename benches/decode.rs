//! A FITS file into 16-bit counts, beside the bare loop and a plain copy.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use crowdsky_benches::{HEIGHT, WIDTH, fits_file, night};
use crowdsky_fits::{Header, Limits, read_all, read_raw_u16};
use std::hint::black_box;

fn decode(c: &mut Criterion) {
    let file = fits_file(&night(), 0);
    let limits = Limits::default();
    let start = Header::parse(&file, &limits).expect("a header").len;
    let data = &file[start..start + 2 * WIDTH * HEIGHT];
    let mut group = c.benchmark_group("decode");
    group.throughput(Throughput::Bytes(data.len() as u64));
    group.bench_function("read_raw_u16", |b| b.iter(|| read_raw_u16(black_box(&file[..]), &limits)));
    group.bench_function("read_all", |b| b.iter(|| read_all(black_box(&file[..]), &limits)));
    group.bench_function("bare loop", |b| {
        b.iter(|| -> Vec<u16> {
            black_box(data).as_chunks().0.iter().map(|b| u16::from_be_bytes(*b) ^ 0x8000).collect()
        })
    });
    group.bench_function("copy", |b| b.iter(|| black_box(data).to_vec()));
    group.finish();
}

criterion_group!(benches, decode);
criterion_main!(benches);
