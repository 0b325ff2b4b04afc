//! What every story needs: users, sessions, frames, jobs.

use super::open;
use crowdsky_core::FrameMeta;
use crowdsky_server::objects::StoredObject;
use crowdsky_server::store::{
    Added, Backoff, Claim, Finalise, Job, JobId, JobKind, NewFile, NewJob, NewStack, NewUpload, NewUser,
    RawFile, Store, Tier, Upload, User,
};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection, MySqlConnection, raw_sql};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// A fresh database and what is done to it again and again.
#[derive(Debug, Clone)]
pub(super) struct Stage {
    pub(super) store: Arc<dyn Store>,
    pub(super) url: String,
    next: Arc<AtomicU64>,
}

/// Long enough for anything.
pub(super) const LONG: Duration = Duration::from_secs(600);
/// Over at once.
pub(super) const SHORT: Duration = Duration::from_millis(50);
/// No delay between attempts.
pub(super) const AT_ONCE: Backoff =
    Backoff { first: Duration::ZERO, factor: 1.0, cap: Duration::ZERO, jitter: 0.0 };

impl Stage {
    pub(super) async fn new(url: &str) -> Stage {
        let store = open(url).await;
        store.migrate().await.unwrap();
        store.ready().await.unwrap();
        Stage { store, url: url.to_owned(), next: Arc::default() }
    }

    /// What no method of the store does.
    pub(super) async fn by_hand(&self, sql: &'static str) {
        match self.url.strip_prefix("sqlite:") {
            Some(file) => {
                let mut hand = SqliteConnectOptions::new().filename(file).connect().await.unwrap();
                raw_sql(sql).execute(&mut hand).await.unwrap();
            }
            None => {
                let mut hand = MySqlConnection::connect(&self.url).await.unwrap();
                raw_sql(sql).execute(&mut hand).await.unwrap();
            }
        }
    }

    /// 32 digits that were never there before.
    pub(super) fn unique(&self) -> String {
        format!("{:032x}", self.next.fetch_add(1, Ordering::Relaxed))
    }

    pub(super) async fn user(&self, name: &str) -> User {
        let user = NewUser {
            username: name.to_owned(),
            email: format!("{name}@example.org"),
            password_hash: "$2b$04$hers".to_owned(),
            tier: Tier::Free,
            storage_limit: 1_000_000,
        };
        self.store.add_user(&user).await.unwrap()
    }

    pub(super) fn new_upload(&self, user: &User) -> NewUpload {
        NewUpload {
            user_id: user.id,
            token: self.unique(),
            idempotency_key: None,
            label: None,
            scrub_location: false,
            lifetime: LONG,
            max_open: 20,
        }
    }

    pub(super) async fn upload(&self, user: &User) -> Upload {
        self.store.open_upload(&self.new_upload(user)).await.unwrap()
    }

    pub(super) fn new_file(&self, upload: &Upload, name: &str, size: i64) -> NewFile {
        let number = self.unique();
        NewFile {
            upload_id: upload.id,
            user_id: upload.user_id,
            filename: name.to_owned(),
            key: format!("raws/u{}/s{}/{number}.fit", upload.user_id, upload.id),
            size,
            sha256: format!("{number}{number}"),
            meta: FrameMeta { object: Some("M 31".to_owned()), ..FrameMeta::new(4, 6) },
            chunk_key: Some("20260301.88_10.7_+41.3".to_owned()),
            healpix_key: None,
            max_files: 10_000,
            lifetime: upload.expires_at.since(upload.created_at),
        }
    }

    pub(super) async fn file(&self, upload: &Upload, name: &str) -> RawFile {
        match self.store.add_file(&self.new_file(upload, name, 1000)).await.unwrap() {
            Added::New(file) => file,
            Added::Have(file) => panic!("{file:?} was there"),
        }
    }

    pub(super) fn new_job(&self, files: &[RawFile]) -> NewJob {
        NewJob {
            kind: if files.is_empty() { JobKind::Noop } else { JobKind::Stack },
            group_hash: self.unique(),
            chunk_key: "20260301.88_10.7_+41.3".to_owned(),
            healpix_key: Some("20260301.88_HP033810".to_owned()),
            object_name: Some("M 31".to_owned()),
            telescope_id: None,
            filter_name: Some("LP".to_owned()),
            exptime: Some(10.0),
            slot_start: None,
            files: files.iter().map(|file| file.id).collect(),
            max_attempts: 4,
        }
    }

    /// A finalised session of `frames` frames with one job.
    pub(super) async fn queued(&self, user: &User, frames: usize) -> (Upload, JobId) {
        let upload = self.upload(user).await;
        let job = self.finalised(&upload, frames).await;
        (upload, job)
    }

    /// Puts frames into an open session and closes it: one job.
    pub(super) async fn finalised(&self, upload: &Upload, frames: usize) -> JobId {
        let mut files = Vec::new();
        for k in 0..frames {
            files.push(self.file(upload, &format!("Light_{k}.fit")).await);
        }
        let plan = Finalise {
            upload_id: upload.id,
            user_id: upload.user_id,
            files: files.iter().map(|file| file.id).collect(),
            jobs: vec![self.new_job(&files)],
            rejected: Vec::new(),
        };
        self.store.finalise(&plan).await.unwrap().jobs[0].0
    }

    pub(super) fn wish(&self, worker: &str, lease: Duration) -> Claim {
        Claim { worker: worker.to_owned(), worker_id: None, n: 1, lease, legacy: false, backoff: AT_ONCE }
    }

    pub(super) async fn claim(&self, worker: &str, lease: Duration) -> Option<Job> {
        self.store.claim(&self.wish(worker, lease)).await.unwrap().pop()
    }

    pub(super) fn new_stack(&self) -> NewStack {
        let object = |size| StoredObject {
            key: format!("stacks/{}", self.unique()),
            size,
            sha256: self.unique().repeat(2),
        };
        NewStack {
            fits: object(5000),
            thumbnail: Some(object(300)),
            stars: None,
            n_frames_input: 3,
            n_frames_aligned: 2,
            total_exptime: Some(20.0),
            date_obs_start: Some(crowdsky_server::store::Micros(1_700_000_000_000_000)),
            date_obs_end: None,
            ra_deg: Some(10.68),
            dec_deg: Some(41.27),
            n_stars: Some(99),
            fwhm_px: Some(2.5),
            eq_mode: Some(true),
        }
    }

    pub(super) async fn used(&self, user: &User) -> i64 {
        self.store.user(user.id).await.unwrap().unwrap().storage_used
    }

    /// No rule is broken.
    pub(super) async fn rules_hold(&self) {
        assert_eq!(self.store.broken_rules().await.unwrap(), []);
    }
}

/// The token of a leased job.
pub(super) fn token(job: &Job) -> &str {
    &job.lease.as_ref().unwrap().token
}
