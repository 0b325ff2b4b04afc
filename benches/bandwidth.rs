//! What the memory of the machine can do: the floor that every stage which reads or writes whole frames stands on.

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use std::hint::black_box;

/// Far larger than any cache: what is read has to come from memory.
const BYTES: usize = 256 << 20;
/// The pixels of one frame, which the larger caches hold.
const FRAME: usize = 2 * 1080 * 1920;

/// Each of `threads` does `work` on its own share of both buffers.
fn spread(threads: usize, from: &[u64], to: &mut [u64], work: impl Fn(&[u64], &mut [u64]) + Sync) {
    let share = from.len().div_ceil(threads);
    std::thread::scope(|scope| {
        for (from, to) in from.chunks(share).zip(to.chunks_mut(share)) {
            let work = &work;
            scope.spawn(move || work(from, to));
        }
    });
}

/// Wrapping, so that the compiler may take many numbers at once.
fn sum(from: &[u64]) -> u64 {
    from.iter().fold(0, |sum, v| sum.wrapping_add(*v))
}

fn bandwidth(c: &mut Criterion) {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let mut group = c.benchmark_group("bandwidth");
    group.sample_size(10);
    let from: Vec<u64> = (0..BYTES as u64 / 8).collect();
    let mut to = vec![1u64; from.len()];
    for threads in [1, cores] {
        // A copy moves every byte twice: it is read, and written. Both count.
        group.throughput(Throughput::Bytes(2 * BYTES as u64));
        group.bench_function(BenchmarkId::new("copy", threads), |b| {
            b.iter(|| spread(threads, black_box(&from), &mut to, |from, to| to.copy_from_slice(from)))
        });
        group.throughput(Throughput::Bytes(BYTES as u64));
        group.bench_function(BenchmarkId::new("read", threads), |b| {
            b.iter(|| {
                spread(threads, black_box(&from), &mut to, |from, to| {
                    to[0] = sum(from);
                })
            })
        });
        group.bench_function(BenchmarkId::new("write", threads), |b| {
            b.iter(|| spread(threads, black_box(&from), &mut to, |from, to| to.fill(from[0])))
        });
    }
    let (frame, mut copy) = (&from[..FRAME / 8], vec![0u64; FRAME / 8]);
    group.throughput(Throughput::Bytes(2 * FRAME as u64));
    group.bench_function("copy of a frame", |b| b.iter(|| copy.copy_from_slice(black_box(frame))));
    group.finish();
}

criterion_group!(benches, bandwidth);
criterion_main!(benches);
