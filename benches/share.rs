//! Colour sharing of a finished stack, as every thumbnail needs it: all threads.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use crowdsky_benches::{HEIGHT, WIDTH, frames, night};
use crowdsky_stack::{StackOptions, stack};
use std::hint::black_box;

fn share(c: &mut Criterion) {
    let stacked = stack(&frames(&night()), &StackOptions::default(), &()).expect("the night can be stacked");
    let mut group = c.benchmark_group("share");
    group.throughput(Throughput::Elements((WIDTH * HEIGHT) as u64)).sample_size(20);
    group.bench_function("planes", |b| b.iter(|| black_box(&stacked).shared_planes()));
    group.finish();
}

criterion_group!(benches, share);
criterion_main!(benches);
