//! The stars of one frame.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use crowdsky_benches::{HEIGHT, WIDTH, frame, night};
use crowdsky_stack::{SkyMesh, detect, stages};
use std::hint::black_box;

fn detect_stars(c: &mut Criterion) {
    let (_, mosaic) = frame(&night(), 0);
    let sky = SkyMesh::measure(&mosaic);
    let mut group = c.benchmark_group("detect");
    group.throughput(Throughput::Elements((WIDTH * HEIGHT) as u64));
    group.bench_function("sky mesh", |b| b.iter(|| SkyMesh::measure(black_box(&mosaic))));
    group.bench_function("stars", |b| b.iter(|| detect(black_box(&mosaic), &sky)));
    // A part of the stars, though counted by them.
    let stars = detect(&mosaic, &sky).stars;
    group.throughput(Throughput::Elements(stars.len() as u64));
    group.bench_function("centroids", |b| b.iter(|| stages::centroids(black_box(&mosaic), &sky, &stars)));
    group.finish();
}

criterion_group!(benches, detect_stars);
criterion_main!(benches);
