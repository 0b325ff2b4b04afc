//! Two remote workers and the embedded one empty a queue of 2,000 jobs: none twice, none lost.

use super::places::{Bytes, Places, Rows};
use super::server::Server;
use super::user::User;
use super::worker::Recipe;
use crowdsky_server::store::{JobKind, JobState, NewJob, NewUpload};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// Jobs that do nothing but being claimed and completed.
const JOBS: usize = 2000;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_sqlite() {
    emptied(Places::new(Rows::Sqlite, Bytes::Local).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_mariadb() {
    emptied(Places::new(Rows::Mariadb, Bytes::Local).await).await;
}

async fn emptied(places: Places) {
    let server = Server::start(&places, "[worker]\ncount = 4\nname = \"embedded\"\n");
    let recipes = ["attic", "cellar"].map(|name| Recipe::new(&places, &server, name, ""));
    let _workers = recipes.map(|recipe| recipe.start(&["--jobs", "4"], None));
    User::register(&server.url, "ada").await;
    let store = places.store().await;
    let ada = store.user_by_name("ada").await.unwrap().unwrap();
    let upload = NewUpload {
        user_id: ada.id,
        token: "0123456789abcdef0123456789abcdef".to_owned(),
        idempotency_key: None,
        label: None,
        scrub_location: false,
        lifetime: Duration::from_secs(3600),
        max_open: 20,
    };
    let upload = store.open_upload(&upload).await.unwrap();
    let jobs: Vec<NewJob> = (0..JOBS).map(noop).collect();
    // In parts, so that queueing and claiming meet.
    let (begin, mut queued) = (Instant::now(), Vec::new());
    for part in jobs.chunks(250) {
        queued.extend(store.enqueue(ada.id, upload.id, part).await.unwrap());
    }
    let all_done = [(JobState::Completed, JOBS as i64)];
    loop {
        let now = store.queue().await.unwrap().jobs;
        if now == all_done {
            break;
        }
        assert!(begin.elapsed() < Duration::from_secs(120), "{now:?}\n{}", server.log_tail());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let mut shares: BTreeMap<String, usize> = BTreeMap::new();
    for job in queued {
        let attempts = store.attempts(job).await.unwrap();
        let [only] = &attempts[..] else { panic!("job {job} was claimed more than once: {attempts:?}") };
        assert_eq!(only.outcome.as_deref(), Some("completed"), "{only:?}");
        *shares.entry(only.worker.clone()).or_default() += 1;
    }
    assert_eq!(shares.values().sum::<usize>(), JOBS);
    assert_eq!(
        shares.keys().collect::<Vec<_>>(),
        ["attic", "cellar", "embedded"],
        "all three took part: {shares:?}"
    );
    assert_eq!(store.broken_rules().await.unwrap(), []);
    store.close().await;
}

fn noop(k: usize) -> NewJob {
    NewJob {
        kind: JobKind::Noop,
        group_hash: format!("{k:064x}"),
        chunk_key: "20260301.88_10.7_+41.3".to_owned(),
        healpix_key: None,
        object_name: None,
        telescope_id: None,
        filter_name: None,
        exptime: None,
        slot_start: None,
        files: Vec::new(),
        max_attempts: 4,
    }
}
