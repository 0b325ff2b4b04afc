//! The whole run on frames in memory: per thread count, and where the time goes.
#![allow(clippy::print_stdout, reason = "a benchmark reports on the terminal")]

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use crowdsky_benches::{FRAMES, HEIGHT, WIDTH, frames, night};
use crowdsky_stack::{StackOptions, stack};

fn whole_stack(c: &mut Criterion) {
    let frames = frames(&night());
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let mut group = c.benchmark_group("whole_stack");
    group.throughput(Throughput::Elements((FRAMES * WIDTH * HEIGHT) as u64)).sample_size(10);
    for threads in [1, cores] {
        let options = StackOptions::default().threads(threads);
        let stacked = stack(&frames, &options, &()).expect("the night can be stacked");
        println!("{threads} threads: {:?}", stacked.report.seconds);
        group.bench_with_input(BenchmarkId::new("threads", threads), &options, |b, options| {
            b.iter(|| stack(&frames, options, &()))
        });
    }
    group.finish();
}

criterion_group!(benches, whole_stack);
criterion_main!(benches);
