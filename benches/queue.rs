//! The queue: no-op jobs claimed and completed one by one, beside the bare transactions on the same table.
#![allow(clippy::print_stderr, reason = "a benchmark reports on the terminal")]

use criterion::{Criterion, SamplingMode, Throughput, criterion_group, criterion_main};
use crowdsky_benches::bare_queue::BareQueue;
use crowdsky_benches::servers::Server;
use crowdsky_server::config::Database;
use crowdsky_server::store::{
    self, Backoff, Claim, JobKind, NewJob, NewUpload, NewUser, Store, Tier, UploadId, UserId,
};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::runtime::Runtime;
use tokio::task::JoinSet;

/// Who claim at once, each one job at a time.
const WORKERS: usize = 8;
/// Jobs that they drain in one go.
const JOBS: usize = 200;
const HOUR: Duration = Duration::from_secs(3600);

fn queue(c: &mut Criterion) {
    let runtime = Runtime::new().expect("threads for tokio");
    // Where the program is built: the system's folder for such files may be in memory, where nothing is ever synced.
    let place = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let folder = tempfile::tempdir_in(place).expect("the folder can be written to");
    let file = folder.path().join("queue.sqlite");
    let stage = runtime.block_on(Stage::new(&format!("sqlite:{}", file.display())));
    let bare = runtime.block_on(BareQueue::sqlite(&file)).expect("SQLite opens its file again");
    measure(c, &runtime, "queue, SQLite", &stage, &bare);
    let Some(server) = Server::mariadb(place) else {
        eprintln!("SKIPPED: no mariadbd on this machine");
        return;
    };
    let url = server.database_url();
    let stage = runtime.block_on(Stage::new(&url));
    let bare = runtime.block_on(BareQueue::mariadb(&url, WORKERS as u32)).expect("MariaDB answers");
    measure(c, &runtime, "queue, MariaDB", &stage, &bare);
    runtime.block_on(stage.store.close());
}

fn measure(c: &mut Criterion, runtime: &Runtime, name: &str, stage: &Stage, bare: &BareQueue) {
    let mut group = c.benchmark_group(name);
    group.throughput(Throughput::Elements(JOBS as u64)).sampling_mode(SamplingMode::Flat).sample_size(10);
    group.warm_up_time(Duration::from_secs(1)).measurement_time(Duration::from_secs(4));
    group.bench_function("claim and complete", |b| {
        b.iter_custom(|times| stage.time(runtime, times, || drain(&stage.store)))
    });
    group.bench_function("bare claim and complete", |b| {
        b.iter_custom(|times| stage.time(runtime, times, || drain_bare(bare, true)))
    });
    group.bench_function("bare claim", |b| {
        b.iter_custom(|times| stage.time(runtime, times, || drain_bare(bare, false)))
    });
    group.finish();
}

/// Claims and completes until nothing is left.
async fn drain(store: &Arc<dyn Store>) -> usize {
    let mut workers = JoinSet::new();
    for k in 0..WORKERS {
        let store = store.clone();
        let backoff = Backoff { first: HOUR, factor: 1.0, cap: HOUR, jitter: 0.0 };
        let claim =
            Claim { worker: format!("w{k}"), worker_id: None, n: 1, lease: HOUR, legacy: false, backoff };
        workers.spawn(async move {
            let mut done = 0;
            while let Some(job) = store.claim(&claim).await.expect("a claim").pop() {
                let token = job.lease.expect("a claimed job has a lease").token;
                store.complete(job.id, &token, None, HOUR).await.expect("the lease is good");
                done += 1;
            }
            done
        });
    }
    workers.join_all().await.into_iter().sum()
}

/// The same, bare; without `complete` the jobs stay leased.
async fn drain_bare(bare: &BareQueue, complete: bool) -> usize {
    let mut workers = JoinSet::new();
    for k in 0..WORKERS {
        let bare = bare.clone();
        workers.spawn(async move {
            let token = format!("{k:032x}");
            let mut done = 0;
            loop {
                let claimed = match bare.claim(&token).await {
                    // Now and then two claims of MariaDB wait for each other, and one is told to begin again.
                    Err(sqlx::Error::Database(error)) if error.code().as_deref() == Some("40001") => continue,
                    claimed => claimed.expect("a claim"),
                };
                let Some(id) = claimed else { break };
                assert!(!complete || bare.complete(id, &token).await.expect("an update"), "job {id}");
                done += 1;
            }
            done
        });
    }
    workers.join_all().await.into_iter().sum()
}

/// A database with a user whose jobs are queued.
struct Stage {
    store: Arc<dyn Store>,
    user: UserId,
    upload: UploadId,
}

impl Stage {
    async fn new(url: &str) -> Stage {
        let settings = Database { url: Some(url.to_owned()), ..Database::default() };
        let store = store::connect(&settings, Path::new(".")).await.expect("the database answers");
        store.migrate().await.expect("an empty database");
        let user = NewUser {
            username: "ada".to_owned(),
            email: "ada@example.org".to_owned(),
            password_hash: "none".to_owned(),
            tier: Tier::Free,
            storage_limit: 0,
        };
        let user = store.add_user(&user).await.expect("the first user").id;
        let upload = NewUpload {
            user_id: user,
            token: "0".repeat(32),
            idempotency_key: None,
            label: None,
            scrub_location: false,
            lifetime: HOUR,
            max_open: 1,
        };
        let upload = store.open_upload(&upload).await.expect("the first session").id;
        Stage { store, user, upload }
    }

    /// The time that `drain` takes for the jobs, so many times over; queueing them does not count.
    fn time<F: Future<Output = usize>>(
        &self,
        runtime: &Runtime,
        times: u64,
        drain: impl Fn() -> F,
    ) -> Duration {
        let mut total = Duration::ZERO;
        for _ in 0..times {
            runtime.block_on(self.enqueue());
            let begin = Instant::now();
            let done = runtime.block_on(drain());
            total += begin.elapsed();
            assert_eq!(done, JOBS, "no job twice, none lost");
        }
        total
    }

    async fn enqueue(&self) {
        let job = |_| NewJob {
            kind: JobKind::Noop,
            group_hash: crowdsky_server::secret::random_hex::<16>(),
            chunk_key: "20250327.05_193.0_+41.0".to_owned(),
            healpix_key: None,
            object_name: Some("M 94".to_owned()),
            telescope_id: None,
            filter_name: None,
            exptime: Some(10.0),
            slot_start: None,
            files: Vec::new(),
            max_attempts: 4,
        };
        let jobs: Vec<NewJob> = (0..JOBS).map(job).collect();
        self.store.enqueue(self.user, self.upload, &jobs).await.expect("the jobs are queued");
    }
}

criterion_group!(benches, queue);
criterion_main!(benches);
