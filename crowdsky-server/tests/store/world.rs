//! What the stories start from: users, sessions, frames, stacks.

use crowdsky_core::{FrameMeta, SkyPos};
use crowdsky_server::objects::StoredObject;
use crowdsky_server::store::{
    Added, Backoff, Claim, Failure, Finalise, Finalised, Job, JobId, JobKind, NewFile, NewJob, NewStack,
    NewUpload, NewUser, RawFile, RawId, Store, Tier, Upload, User,
};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

pub(crate) type Db = Arc<dyn Store>;

/// Shorter than any step of a story.
pub(crate) const GRACE: Duration = Duration::from_secs(3_600);
pub(crate) const LEASE: Duration = Duration::from_secs(60);
/// A lease that ends while a story waits for it.
pub(crate) const SHORT: Duration = Duration::from_millis(300);
pub(crate) const BACKOFF: Backoff =
    Backoff { first: Duration::ZERO, factor: 4.0, cap: Duration::from_secs(3_600), jitter: 0.2 };

/// A number that no other call gets.
pub(crate) fn unique() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

pub(crate) fn new_user(name: &str) -> NewUser {
    NewUser {
        username: name.to_owned(),
        email: format!("{name}@example.org"),
        password_hash: "$2b$12$".to_owned(),
        tier: Tier::Free,
        storage_limit: 1_000_000,
    }
}

pub(crate) async fn user(db: &Db, name: &str) -> User {
    db.add_user(&new_user(name)).await.unwrap()
}

pub(crate) fn new_upload(user: &User) -> NewUpload {
    NewUpload {
        user_id: user.id,
        token: format!("{:032x}", unique()),
        idempotency_key: None,
        label: Some("a night".to_owned()),
        scrub_location: true,
        lifetime: GRACE,
        max_open: 20,
    }
}

pub(crate) async fn upload(db: &Db, user: &User) -> Upload {
    db.open_upload(&new_upload(user)).await.unwrap()
}

/// A frame of 1,000 bytes.
pub(crate) fn new_file(upload: &Upload, name: &str) -> NewFile {
    let n = unique();
    let mut meta = FrameMeta::new(1080, 1920);
    meta.object = Some("M 42".to_owned());
    meta.pointing = Some(SkyPos::new(83.633, -5.375).unwrap());
    meta.exptime = Some(10.0);
    NewFile {
        upload_id: upload.id,
        user_id: upload.user_id,
        filename: name.to_owned(),
        key: format!("raws/u{}/s{}/{n:032x}.fit", upload.user_id, upload.id),
        size: 1_000,
        sha256: format!("{n:064x}"),
        meta,
        chunk_key: Some("20250115.78_83.6_-5.4".to_owned()),
        healpix_key: None,
        max_files: 5_000,
    }
}

pub(crate) async fn file(db: &Db, upload: &Upload, name: &str) -> RawFile {
    match db.add_file(&new_file(upload, name)).await.unwrap() {
        Added::New(file) => file,
        Added::Have(file) => panic!("{} is there already", file.filename),
    }
}

pub(crate) fn new_job(kind: JobKind, files: Vec<RawId>) -> NewJob {
    let n = unique();
    NewJob {
        kind,
        group_hash: format!("{n:064x}"),
        chunk_key: "20250115.78_83.6_-5.4".to_owned(),
        healpix_key: Some("20250115.78_HP061302".to_owned()),
        object_name: Some("M 42".to_owned()),
        telescope_id: Some("Seestar S50".to_owned()),
        filter_name: Some("IRCUT".to_owned()),
        exptime: Some(10.0),
        slot_start: None,
        files,
        max_attempts: 4,
    }
}

/// A session with `n` files, finalised to one job.
pub(crate) async fn finalised(db: &Db, user: &User, n: usize) -> (Upload, Finalised) {
    let upload = upload(db, user).await;
    let mut files = Vec::new();
    for i in 0..n {
        files.push(file(db, &upload, &format!("light_{i}.fit")).await.id);
    }
    let plan = plan(&upload, &files);
    let done = db.finalise(&plan).await.unwrap();
    (upload, done)
}

/// One job of all files.
pub(crate) fn plan(upload: &Upload, files: &[RawId]) -> Finalise {
    Finalise {
        upload_id: upload.id,
        user_id: upload.user_id,
        files: files.to_vec(),
        jobs: vec![new_job(JobKind::Stack, files.to_vec())],
        rejected: vec![],
    }
}

/// A job of 3 files, waiting.
pub(crate) async fn job(db: &Db, user: &User) -> JobId {
    finalised(db, user, 3).await.1.jobs[0].0
}

pub(crate) fn wish(n: i64, lease: Duration) -> Claim {
    Claim { worker: "w1".to_owned(), worker_id: None, n, lease, legacy: false, backoff: BACKOFF }
}

/// The next job and its token.
pub(crate) async fn claim(db: &Db, lease: Duration) -> (Job, String) {
    let job = db.claim(&wish(1, lease)).await.unwrap().pop().expect("a job waits");
    let token = job.lease.as_ref().unwrap().token.clone();
    (job, token)
}

pub(crate) fn object(kind: &str, size: i64) -> StoredObject {
    let n = unique();
    StoredObject { key: format!("stacks/{kind}/{n}"), size, sha256: format!("{n:064x}") }
}

/// 550 bytes.
pub(crate) fn new_stack() -> NewStack {
    NewStack {
        fits: object("fits", 500),
        thumbnail: Some(object("png", 50)),
        stars: None,
        n_frames_input: 3,
        n_frames_aligned: 2,
        total_exptime: Some(20.0),
        date_obs_start: None,
        date_obs_end: None,
        ra_deg: Some(83.633),
        dec_deg: Some(-5.375),
        n_stars: Some(120),
        fwhm_px: Some(2.5),
        eq_mode: Some(true),
    }
}

pub(crate) fn failure(retry: bool) -> Failure {
    Failure { code: "worker_error".to_owned(), message: "it broke".to_owned(), retry }
}

pub(crate) async fn used(db: &Db, user: &User) -> i64 {
    db.user(user.id).await.unwrap().unwrap().storage_used
}

/// The rules of the rows hold.
pub(crate) async fn check(db: &Db) {
    assert_eq!(db.broken_rules().await.unwrap(), []);
}
