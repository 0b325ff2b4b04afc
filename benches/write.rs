//! A finished stack into bytes: FITS, and the picture.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use crowdsky_benches::{HEIGHT, WIDTH, frames, night};
use crowdsky_stack::files::{Layout, encode};
use crowdsky_stack::{StackOptions, preview, stack, thumbnail};
use std::hint::black_box;

/// Longest side of the small picture.
const THUMBNAIL: usize = 512;

fn write(c: &mut Criterion) {
    let stacked = stack(&frames(&night()), &StackOptions::default(), &()).expect("the night can be stacked");
    let mut group = c.benchmark_group("write");
    for (name, layout) in [("fits rgb", Layout::Rgb), ("fits cube", Layout::Cube)] {
        let mut bytes = Vec::new();
        encode(&stacked, &mut bytes, layout).expect("memory takes all");
        group.throughput(Throughput::Bytes(bytes.len() as u64));
        group.bench_function(name, |b| {
            b.iter(|| {
                bytes.clear();
                encode(black_box(&stacked), &mut bytes, layout)
            })
        });
    }
    group.throughput(Throughput::Elements((WIDTH * HEIGHT) as u64)).sample_size(20);
    group.bench_function("preview", |b| b.iter(|| preview::render(black_box(&stacked))));
    group.bench_function("thumbnail", |b| b.iter(|| thumbnail::render(black_box(&stacked), THUMBNAIL)));
    group.finish();
}

criterion_group!(benches, write);
criterion_main!(benches);
