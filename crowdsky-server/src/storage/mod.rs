//! Where the bytes are: raws and stacks, each in a storage of its own.
//!
//! An object is immutable: it is written once, whole, under a key that is never used again.

pub(crate) mod checked;
mod key;
mod local;
mod names;
mod open;
mod webdav;

pub use key::{Artefact, BadKey, BlobKey, MAX_KEY, is_leftover, role_of, slug};
pub use local::LocalStore;
pub use names::Names;
pub use open::{open, place};
pub use webdav::WebdavStore;

use crate::objects::Role;
use async_trait::async_trait;
use bytes::Bytes;
use futures_util::stream::BoxStream;
use std::fmt::Debug;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

/// Bytes as they come; an error in it ends it.
pub type ByteStream = BoxStream<'static, std::io::Result<Bytes>>;

/// An object being read.
pub struct Blob {
    /// Bytes of the whole object.
    pub size: u64,
    /// Which of them `stream` gives.
    pub range: Range<u64>,
    /// The bytes. It ends with an error if there are fewer than `range` says.
    pub stream: ByteStream,
}

impl Debug for Blob {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Blob").field("size", &self.size).field("range", &self.range).finish_non_exhaustive()
    }
}

/// An object that a listing shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// Its key, as text: what lies in a storage need not be ours.
    pub key: String,
    /// Bytes.
    pub size: u64,
    /// When it was written, where the storage says so.
    pub modified: Option<SystemTime>,
}

/// What a storage can say no to.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// There is no such object.
    #[error("the storage of {role} has no object {key}")]
    NotFound {
        /// Which storage.
        role: Role,
        /// Which object.
        key: String,
    },
    /// The key is none.
    #[error(transparent)]
    BadKey(#[from] BadKey),
    /// The storage is full.
    #[error("the storage of {role} is full; make room on it")]
    Full {
        /// Which storage.
        role: Role,
    },
    /// The bytes given were not as many as announced.
    #[error("{key}: {expected} bytes were announced, {found} came")]
    WrongLength {
        /// Which object.
        key: String,
        /// Announced.
        expected: u64,
        /// Came.
        found: u64,
    },
    /// The bytes to be stored could not be read to their end.
    #[error("{key}: the bytes to be stored ended with an error")]
    Source {
        /// Which object.
        key: String,
        /// Why.
        #[source]
        cause: std::io::Error,
    },
    /// The storage does not answer, or says to come back; the same may succeed later.
    #[error("the storage of {role} is not available; try again in {} s", retry_after.as_secs())]
    Unavailable {
        /// Which storage.
        role: Role,
        /// When to try again.
        retry_after: Duration,
        /// What it said.
        #[source]
        cause: Box<dyn std::error::Error + Send + Sync>,
    },
    /// It will not work without the operator: no permission, no such folder.
    #[error("the storage of {role} refuses: {what}")]
    Refused {
        /// Which storage.
        role: Role,
        /// What was tried and what to do.
        what: String,
        /// What it said.
        #[source]
        cause: Box<dyn std::error::Error + Send + Sync>,
    },
}

/// The answer of a storage.
pub type Result<T> = std::result::Result<T, Error>;

/// A storage. One contract suite runs on every implementation.
#[async_trait]
pub trait BlobStore: Debug + Send + Sync {
    /// Which of the two it is.
    fn role(&self) -> Role;
    /// Stores `length` bytes, whole or not at all: once this returns, they survive a power cut (I4). Replaces.
    async fn put(&self, key: &BlobKey, length: u64, body: ByteStream) -> Result<()>;
    /// The same from a file.
    async fn put_file(&self, key: &BlobKey, file: &Path) -> Result<()>;
    /// Opens an object, or a part of it (cut to what is there).
    async fn get(&self, key: &BlobKey, range: Option<Range<u64>>) -> Result<Blob>;
    /// Bytes of an object, if it is there.
    async fn size(&self, key: &BlobKey) -> Result<Option<u64>>;
    /// Moves an object, whole; `to` is replaced. Repeated after it has succeeded, it succeeds again if `to` is there.
    async fn rename(&self, from: &BlobKey, to: &BlobKey) -> Result<()>;
    /// Deletes an object; none is fine.
    async fn delete(&self, key: &BlobKey) -> Result<()>;
    /// Every object, in no order. What nobody will finish may be tidied away meanwhile: old parts, folders long empty.
    async fn list(&self) -> Result<BoxStream<'static, Result<Listed>>>;
    /// Writes, reads and deletes a small object: says what is wrong, if anything is.
    async fn probe(&self) -> Result<()>;
    /// Free bytes, where the storage can tell.
    async fn free(&self) -> Result<Option<u64>>;
}

/// The two storages together.
#[derive(Debug, Clone)]
pub struct Blobs {
    /// Frames as uploaded.
    pub raws: Arc<dyn BlobStore>,
    /// Stacks and what belongs to them.
    pub stacks: Arc<dyn BlobStore>,
}

impl Blobs {
    /// The storage of that role.
    pub fn of(&self, role: Role) -> &Arc<dyn BlobStore> {
        match role {
            Role::Raws => &self.raws,
            Role::Stacks => &self.stacks,
        }
    }
}
