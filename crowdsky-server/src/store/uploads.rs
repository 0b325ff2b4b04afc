//! Upload sessions and the raw frames in them.

use super::{JobId, Micros, NewJob, RawId, Result, StackId, UploadId, UserId};
use async_trait::async_trait;
use crowdsky_core::FrameMeta;
use std::time::Duration;

/// Where an upload session stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UploadState {
    /// Takes files.
    Uploading,
    /// Finalised; its files belong to jobs.
    Complete,
    /// Never finalised, its files are gone.
    Expired,
}

impl UploadState {
    /// Its name in the database and on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            UploadState::Uploading => "uploading",
            UploadState::Complete => "complete",
            UploadState::Expired => "expired",
        }
    }

    /// The state of that name.
    pub fn parse(text: &str) -> Option<UploadState> {
        [UploadState::Uploading, UploadState::Complete, UploadState::Expired]
            .into_iter()
            .find(|s| s.as_str() == text)
    }
}

/// An upload session.
#[derive(Debug, Clone, PartialEq)]
pub struct Upload {
    /// Number.
    pub id: UploadId,
    /// Whose.
    pub user_id: UserId,
    /// 32 hexadecimal digits by which clients name it.
    pub token: String,
    /// What the user calls it.
    pub label: Option<String>,
    /// Whether SITELAT and SITELONG are to be left out everywhere.
    pub scrub_location: bool,
    /// Where it stands.
    pub state: UploadState,
    /// OBJECT of the first file that has one.
    pub object_name: Option<String>,
    /// RA of the first file that has one, degrees.
    pub ra_deg: Option<f64>,
    /// DEC of the first file that has one, degrees.
    pub dec_deg: Option<f64>,
    /// Files in it.
    pub file_count: i64,
    /// Their bytes.
    pub total_bytes: i64,
    /// Start.
    pub created_at: Micros,
    /// When it was finalised.
    pub completed_at: Option<Micros>,
    /// If it is not finalised by then, it expires.
    pub expires_at: Micros,
}

/// An upload session to be.
#[derive(Debug, Clone)]
pub struct NewUpload {
    /// Whose.
    pub user_id: UserId,
    /// 32 random hexadecimal digits.
    pub token: String,
    /// The same key of the same user gives the same session again.
    pub idempotency_key: Option<String>,
    /// What the user calls it.
    pub label: Option<String>,
    /// Whether the site is to be left out.
    pub scrub_location: bool,
    /// How long it may stay open.
    pub lifetime: Duration,
    /// How many sessions of the user may be open.
    pub max_open: i64,
}

/// A raw frame that is stored.
#[derive(Debug, Clone, PartialEq)]
pub struct RawFile {
    /// Number.
    pub id: RawId,
    /// In which session.
    pub upload_id: UploadId,
    /// Whose.
    pub user_id: UserId,
    /// The job it belongs to, once finalised.
    pub job_id: Option<JobId>,
    /// A label, unique within the session; never part of a path.
    pub filename: String,
    /// Its key in the storage of raws.
    pub key: String,
    /// Bytes.
    pub size: i64,
    /// 64 lower-case hexadecimal digits.
    pub sha256: String,
    /// What its header says.
    pub meta: FrameMeta,
    /// Position key of this frame.
    pub chunk_key: Option<String>,
    /// HEALPix key of this frame.
    pub healpix_key: Option<String>,
    /// Why it is in no job, if it was left out when the session was finalised.
    pub rejected: Option<String>,
    /// Whether its object is gone or on its way.
    pub is_deleted: bool,
    /// When it was acknowledged.
    pub created_at: Micros,
}

/// A frame that its user has sent before, in another session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Earlier {
    /// 64 lower-case hexadecimal digits.
    pub sha256: String,
    /// The token of that session.
    pub session: String,
    /// The stack of the job it belongs to; `None` while that job waits or runs.
    pub stack: Option<StackId>,
}

/// A raw frame whose bytes are stored and whose row is not.
#[derive(Debug, Clone)]
pub struct NewFile {
    /// In which session.
    pub upload_id: UploadId,
    /// Whose.
    pub user_id: UserId,
    /// As the client calls it; if another file of the session has that name, a suffix is added.
    pub filename: String,
    /// Where its bytes are.
    pub key: String,
    /// Bytes.
    pub size: i64,
    /// 64 lower-case hexadecimal digits.
    pub sha256: String,
    /// What its header says.
    pub meta: FrameMeta,
    /// Position key.
    pub chunk_key: Option<String>,
    /// HEALPix key.
    pub healpix_key: Option<String>,
    /// How many files a session may have.
    pub max_files: i64,
    /// How long the session stays open from now on: who is still sending loses nothing.
    pub lifetime: Duration,
}

/// What became of a file.
#[derive(Debug, Clone, PartialEq)]
pub enum Added {
    /// It has a row now.
    New(RawFile),
    /// The session has a file with these bytes already, under another key: the caller's object is not needed.
    Have(RawFile),
}

/// How a session is closed.
#[derive(Debug, Clone)]
pub struct Finalise {
    /// Which session.
    pub upload_id: UploadId,
    /// Whose.
    pub user_id: UserId,
    /// The files the plan was made from, by number. `Changed` if these are not all.
    pub files: Vec<RawId>,
    /// One job for each chunk.
    pub jobs: Vec<NewJob>,
    /// Files in no job, and why.
    pub rejected: Vec<(RawId, String)>,
}

/// What finalising made; the same again if it is repeated.
#[derive(Debug, Clone, PartialEq)]
pub struct Finalised {
    /// Each job and its chunk key, in the order given.
    pub jobs: Vec<(JobId, String)>,
    /// Files in no job: name and reason.
    pub rejected: Vec<(String, String)>,
    /// Whether the session had been finalised before.
    pub replay: bool,
}

/// Rows of upload sessions and raw frames.
#[async_trait]
pub trait Uploads {
    /// Opens a session. `Limit` if the user has `max_open` open ones.
    async fn open_upload(&self, upload: &NewUpload) -> Result<Upload>;
    /// The user's session of that token.
    async fn upload(&self, user: UserId, token: &str) -> Result<Option<Upload>>;
    /// The user's session of that number.
    async fn upload_by_id(&self, user: UserId, id: UploadId) -> Result<Option<Upload>>;
    /// The user's latest sessions, latest first.
    async fn uploads(&self, user: UserId, limit: i64) -> Result<Vec<Upload>>;
    /// Files of a session that are not deleted, in the order of their arrival.
    async fn files(&self, user: UserId, upload: UploadId) -> Result<Vec<RawFile>>;
    /// Of these hashes, the files that the session has. In batches: SQL has a limit on placeholders (U-34).
    async fn files_with(&self, user: UserId, upload: UploadId, sha256: &[String]) -> Result<Vec<RawFile>>;
    /// Of these hashes, each once, those that the user has sent in another session than `besides`, which was finalised: the
    /// frame is in a stack, or in a job that waits or runs. What was left out of every job, and what belongs to a job that
    /// failed or was cancelled, is in no stack and not among them.
    async fn earlier(&self, user: UserId, besides: UploadId, sha256: &[String]) -> Result<Vec<Earlier>>;
    /// Gives a stored file its row, in one transaction with the session's counters and the user's quota.
    ///
    /// `WrongState` if the session takes none, `Limit` if it is full, `OutOfQuota` if the bytes do not fit.
    async fn add_file(&self, file: &NewFile) -> Result<Added>;
    /// Takes a file out of an open session; its object goes to the outbox, due at once. False if it is not there.
    async fn drop_file(&self, user: UserId, upload: UploadId, sha256: &str) -> Result<bool>;
    /// Closes a session and queues its jobs, in one transaction (U-07).
    async fn finalise(&self, plan: &Finalise) -> Result<Finalised>;
    /// Takes back a session that is still open, as if it had expired. `WrongState` if it is finalised.
    async fn abandon_upload(&self, user: UserId, upload: UploadId) -> Result<()>;
    /// Ends at most `limit` open sessions whose time is over; their objects go to the outbox. Says how many.
    async fn expire_uploads(&self, limit: i64) -> Result<i64>;
}
