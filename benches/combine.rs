//! Registered frames into one: the share of the whole run that the report names `combine`.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use crowdsky_benches::{FRAMES, HEIGHT, WIDTH, frames, night};
use crowdsky_stack::{Method, StackOptions, stack};
use std::time::Duration;

fn combine(c: &mut Criterion) {
    let frames = frames(&night());
    let mut group = c.benchmark_group("combine");
    group.throughput(Throughput::Elements((FRAMES * WIDTH * HEIGHT) as u64)).sample_size(10);
    for method in [Method::Lsq, Method::Mean, Method::Median] {
        let options = StackOptions::default().method(method).threads(1);
        group.bench_function(method.as_str(), |b| {
            // Only the whole run is public, so it is run, and the time of this stage is counted.
            b.iter_custom(|runs| {
                (0..runs)
                    .map(|_| {
                        stack(&frames, &options, &())
                            .expect("the night can be stacked")
                            .report
                            .seconds
                            .combine
                    })
                    .map(Duration::from_secs_f64)
                    .sum()
            })
        });
    }
    group.finish();
}

criterion_group!(benches, combine);
criterion_main!(benches);
