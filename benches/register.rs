//! Which star of one frame is which of another.

use criterion::{Criterion, criterion_group, criterion_main};
use crowdsky_benches::{FRAMES, HEIGHT, WIDTH, night, stars};
use crowdsky_sim::{Night, NightOptions};
use crowdsky_stack::match_stars;
use std::hint::black_box;

fn register(c: &mut Criterion) {
    let night = night();
    let (first, last) = (stars(&night, 0).stars, stars(&night, FRAMES - 1).stars);
    let elsewhere = Night::new(NightOptions::default().frames(1).seed(2)).expect("another night");
    let unrelated = stars(&elsewhere, 0).stars;
    let size = (WIDTH, HEIGHT);
    // From the first frame to the last, half a degree wrong, as a forecast from time and place may be.
    let prior = (night.truth().options.rotation + 0.5).to_radians();
    assert!(match_stars(&first, &last, size, &[]).is_some(), "frames of one field match");
    assert!(match_stars(&first, &unrelated, size, &[]).is_none(), "unrelated fields do not");

    let mut group = c.benchmark_group("register");
    group.bench_function("with a forecast", |b| {
        b.iter(|| match_stars(black_box(&first), &last, size, &[prior]))
    });
    group.bench_function("blind", |b| b.iter(|| match_stars(black_box(&first), &last, size, &[])));
    group.bench_function("unrelated", |b| b.iter(|| match_stars(black_box(&first), &unrelated, size, &[])));
    group.finish();
}

criterion_group!(benches, register);
criterion_main!(benches);
