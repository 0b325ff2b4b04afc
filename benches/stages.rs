//! The steps of the methods `mean` and `median`, one thread, one frame or tile at a time, and the stack's own stars.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use crowdsky_benches::{FRAMES, HEIGHT, WIDTH, frame, frames, night};
use crowdsky_stack::stages::{Colours, Tile};
use crowdsky_stack::{StackOptions, Transform, find_stars, stack};
use std::hint::black_box;

/// Rows debayered at a time: with the whole width 2.2 MB of colours, as much as a tile's samples may take.
const ROWS: usize = 128;
/// A tile as the combination cuts it for some dozens of frames.
const TILE: (usize, usize) = (128, 16);
/// Noise of the tile's samples, ADU, and the level of its sky.
const NOISE: f32 = 25.0;
const SKY: f32 = 900.0;

fn resample(c: &mut Criterion) {
    let (_, mosaic) = frame(&night(), 0);
    // A twentieth of a degree: lines cross the rows of photosites, and no place lies outside for long.
    let to_frame = Transform::rigid(0.05_f64.to_radians(), 0.3, 0.4);
    let mut group = c.benchmark_group("resample");
    group.throughput(Throughput::Elements((WIDTH * HEIGHT) as u64));
    let mut colours = Colours::default();
    group.bench_function("debayer", |b| {
        b.iter(|| (0..HEIGHT).step_by(ROWS).for_each(|y| colours.debayer(black_box(&mosaic), y, ROWS)))
    });
    colours.debayer(&mosaic, 0, ROWS);
    group.throughput(Throughput::Elements((WIDTH * ROWS) as u64));
    group.bench_function("warp", |b| b.iter(|| colours.warp(black_box(&to_frame))));
    group.finish();
}

fn reject(c: &mut Criterion) {
    let mut group = c.benchmark_group("reject");
    for frames in [10, 30, 90] {
        // Noise from a simple generator of numbers: the sum of four is near enough to normal.
        let mut state = 1u32;
        let mut uniform = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            state as f32 / u32::MAX as f32 - 0.5
        };
        let mut normal = || (uniform() + uniform() + uniform() + uniform()) * 1.73;
        let mut tile = Tile::new(TILE, frames, NOISE, |_, _, _| SKY + NOISE * normal());
        group.throughput(Throughput::Elements((3 * frames * TILE.0 * TILE.1) as u64));
        group.bench_function(format!("{frames} frames"), |b| b.iter(|| tile.reject(4.0, [SKY; 3])));
    }
    group.finish();
}

fn stars(c: &mut Criterion) {
    let stacked = stack(&frames(&night()), &StackOptions::default(), &()).expect("the night can be stacked");
    let found = || find_stars(black_box(&stacked.planes), &stacked.footprint, 5.0).len();
    assert!(found() > 500, "a night of {FRAMES} frames has many stars");
    let mut group = c.benchmark_group("catalogue");
    group.throughput(Throughput::Elements((WIDTH * HEIGHT) as u64)).sample_size(20);
    group.bench_function("stars of the stack", |b| b.iter(found));
    group.finish();
}

criterion_group!(benches, resample, reject, stars);
criterion_main!(benches);
