//! The queue: jobs claimed and completed one by one, against the smallest transaction that the same database makes durable.
//!
//! The ratio of the two is what the queue costs; the absolute figures say more about the disk than about us.
#![allow(clippy::print_stdout, reason = "a benchmark reports on the terminal")]

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use crowdsky_server::config;
use crowdsky_server::store::{
    self, Claim, JobKind, NewJob, NewUpload, NewUser, Store, Tier, UploadId, UserId,
};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::runtime::Runtime;

#[path = "../crowdsky-server/tests/support/mariadb.rs"]
mod mariadb;

/// Workers at once.
const WORKERS: usize = 3;

fn queue(c: &mut Criterion) {
    let runtime = Runtime::new().expect("a runtime");
    let folder = tempfile::tempdir().expect("a folder");
    let server = mariadb::Mariadb::start();
    let sqlite = format!("sqlite:{}", folder.path().join("queue.sqlite").display());
    for (name, url) in [("sqlite", sqlite), ("mariadb", server.url("queue"))] {
        let store = runtime.block_on(open(&url, folder.path()));
        let mut group = c.benchmark_group(name);
        group.sample_size(10).throughput(Throughput::Elements(1));
        group.bench_function(BenchmarkId::from_parameter("smallest transaction"), |b| {
            b.iter_custom(|n| runtime.block_on(smallest(&store, n)));
        });
        group.bench_function(BenchmarkId::from_parameter("claim and complete"), |b| {
            b.iter_custom(|n| runtime.block_on(drain(&store, n)));
        });
        group.finish();
        let (small, whole) = runtime.block_on(async { (smallest(&store, 300).await, drain(&store, 300).await) });
        println!(
            "{name}: {:.0} jobs/s, {:.0} smallest transactions/s; a job costs {:.1} of them",
            300.0 / whole.as_secs_f64(),
            300.0 / small.as_secs_f64(),
            whole.as_secs_f64() / small.as_secs_f64()
        );
        runtime.block_on(store.close());
    }
}

async fn open(url: &str, folder: &Path) -> Arc<dyn Store> {
    let settings = config::Database { url: Some(url.to_owned()), ..config::Database::default() };
    let store = store::connect(&settings, folder).await.expect("the database opens");
    store.migrate().await.expect("it takes the schema");
    store
}

/// `n` transactions of one row each, by as many hands as there are workers.
async fn smallest(store: &Arc<dyn Store>, n: u64) -> Duration {
    let begin = Instant::now();
    let hands = (0..WORKERS).map(|hand| {
        let store = store.clone();
        tokio::spawn(async move {
            for _ in (hand as u64..n).step_by(WORKERS) {
                store.note_failure("benchmark").await.expect("a row");
            }
        })
    });
    for hand in hands.collect::<Vec<_>>() {
        hand.await.expect("no panic");
    }
    begin.elapsed()
}

/// Queues `n` jobs that do nothing, then measures how long the workers take to claim and complete them all.
async fn drain(store: &Arc<dyn Store>, n: u64) -> Duration {
    let (user, upload) = session(store).await;
    let job = |k: u64| NewJob {
        kind: JobKind::Noop,
        group_hash: format!("{k:064}"),
        chunk_key: "20260301.88".to_owned(),
        healpix_key: None,
        object_name: None,
        telescope_id: None,
        filter_name: None,
        exptime: None,
        slot_start: None,
        files: Vec::new(),
        max_attempts: 4,
    };
    let jobs: Vec<NewJob> = (0..n).map(job).collect();
    store.enqueue(user, upload, &jobs).await.expect("jobs");
    let begin = Instant::now();
    let workers = (0..WORKERS).map(|worker| tokio::spawn(work(store.clone(), format!("bench-{worker}"))));
    let mut done = 0;
    for worker in workers.collect::<Vec<_>>() {
        done += worker.await.expect("no panic");
    }
    assert_eq!(done, n, "every job once");
    begin.elapsed()
}

async fn work(store: Arc<dyn Store>, name: String) -> u64 {
    let claim = Claim {
        worker: name,
        worker_id: None,
        n: 1,
        lease: Duration::from_secs(120),
        legacy: false,
        backoff: config::Jobs::default().backoff(),
    };
    let mut done = 0;
    loop {
        let jobs = store.claim(&claim).await.expect("a claim");
        let Some(job) = jobs.first() else { return done };
        let token = &job.lease.as_ref().expect("a lease").token;
        store.complete(job.id, token, None, Duration::ZERO).await.expect("completed");
        done += 1;
    }
}

async fn session(store: &Arc<dyn Store>) -> (UserId, UploadId) {
    let token = unique();
    let user = NewUser {
        username: token.clone(),
        email: format!("{token}@example.org"),
        password_hash: String::new(),
        tier: Tier::Free,
        storage_limit: 0,
    };
    let user = store.add_user(&user).await.expect("a user").id;
    let upload = NewUpload {
        user_id: user,
        token,
        idempotency_key: None,
        label: None,
        scrub_location: false,
        lifetime: Duration::from_secs(3600),
        max_open: 1,
    };
    (user, store.open_upload(&upload).await.expect("a session").id)
}

/// 32 hexadecimal digits, never the same twice in this process.
fn unique() -> String {
    use std::sync::atomic::{AtomicU64, Ordering};
    static NEXT: AtomicU64 = AtomicU64::new(0);
    format!("{:016x}{:016x}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed))
}

criterion_group!(benches, queue);
criterion_main!(benches);
