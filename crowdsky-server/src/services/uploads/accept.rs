//! One frame: in which order it is checked, stored and given its row.
//!
//! 1. Session, quota, size and permits: what can be known without the body.
//! 2. The header, as soon as it is there: a file that cannot be stacked is refused before the rest is read.
//! 3. The bytes, hashed on their way into the storage, as many as the header says.
//! 4. The hash against the client's.
//! 5. The row, with counters and quota in one transaction.
//!
//! What is refused after the bytes are stored leaves an object without a row: it goes to the outbox, and if even that fails
//! the sweep for orphans tells of it. Never the other way (U-25).

use super::judge::{Judged, judge, right_length};
use super::{Error, Result, Uploads};
use crate::objects::Role;
use crate::secret::{hex, random_hex};
use crate::services::body::{chained, drain, hashed};
use crate::storage::{self, BlobKey, ByteStream};
use crate::store::{self, Added, NewFile, RawFile, Upload, UploadState, User};
use bytes::{Bytes, BytesMut};
use crowdsky_fits::{HeaderScanner, Limits};
use futures_util::StreamExt;
use std::io;
use std::time::Duration;

/// A frame on its way.
#[derive(Debug, Clone)]
pub struct Incoming {
    /// As the client calls it: a label, never part of a path.
    pub name: String,
    /// Bytes, where they are announced.
    pub length: Option<u64>,
    /// SHA-256, where the client has computed it.
    pub sha256: Option<[u8; 32]>,
}

/// A frame that is stored and has its row.
#[derive(Debug, Clone)]
pub struct Accepted {
    /// The row.
    pub file: RawFile,
    /// False if the session had it already.
    pub new: bool,
}

impl Uploads {
    /// Takes a frame. Once this returns, it survives a power cut (I4); repeated with the same bytes, it changes nothing.
    ///
    /// # Errors
    /// `BadInput` with a code that says what is wrong with the file, `TooLarge`, `OutOfQuota`, `Busy`, `TooMany`, `BrokenOff`.
    pub async fn accept(
        &self,
        user: &User,
        token: &str,
        incoming: Incoming,
        body: ByteStream,
    ) -> Result<Accepted> {
        let limits = &self.settings.uploads;
        // What is left over is read by `drain`, which may come after the end.
        let mut body = body.fuse().boxed();
        let done = self.accept_whole(user, token, &incoming, &mut body).await;
        match &done {
            Ok(Accepted { file, new: true }) => {
                metrics::counter!("crowdsky_upload_bytes_total").increment(file.size.unsigned_abs());
            }
            Err(Error::BadInput { code, .. }) => {
                metrics::counter!("crowdsky_raw_rejected_total", "code" => *code).increment(1);
            }
            _ => {}
        }
        if done.is_err() {
            // Browsers show the answer only to those who were heard out.
            drain(body, limits.max_file_bytes).await;
        }
        done
    }

    async fn accept_whole(
        &self,
        user: &User,
        token: &str,
        incoming: &Incoming,
        body: &mut ByteStream,
    ) -> Result<Accepted> {
        let upload = self.find(user, token).await?;
        if upload.state != UploadState::Uploading {
            let state = upload.state.as_str().to_owned();
            return Err(store::Error::WrongState { what: "upload session", state }.into());
        }
        let name = label(&incoming.name)?;
        self.fits_in(user, incoming.length.unwrap_or(0))?;
        let _permit = self.permits.take(user.id)?;
        if let Some(sha256) = incoming.sha256 {
            let same = self.store.files_with(user.id, upload.id, &[hex(&sha256)]).await?;
            if let Some(file) = same.into_iter().next() {
                drain(
                    std::mem::replace(body, futures_util::stream::empty().boxed()),
                    self.settings.uploads.max_file_bytes,
                )
                .await;
                return Ok(Accepted { file, new: false });
            }
        }
        let (first, scanned) = self.read_header(body).await?;
        let judged = judge(&scanned)?;
        self.fits_in(user, judged.size)?;
        if let Some(length) = incoming.length {
            right_length(length, judged.size)?;
        }
        self.store_frame(user, &upload, name, incoming, judged, first, body).await
    }

    /// What is asked before a byte is stored; the transaction asks again.
    fn fits_in(&self, user: &User, size: u64) -> Result<()> {
        let limit = self.settings.uploads.max_file_bytes;
        if size > limit {
            return Err(Error::TooLarge { limit });
        }
        let wanted = i64::try_from(size).unwrap_or(i64::MAX);
        if user.storage_used.saturating_add(wanted) > user.storage_limit {
            let (used, limit) = (user.storage_used, user.storage_limit);
            return Err(store::Error::OutOfQuota { used, limit, wanted }.into());
        }
        Ok(())
    }

    /// The first bytes, as far as the header or what shows that there is none, and whatever came with them.
    async fn read_header(&self, body: &mut ByteStream) -> Result<(Bytes, HeaderScanner)> {
        let header_blocks = self.settings.uploads.max_header_blocks;
        let mut scanner = HeaderScanner::new(&Limits { header_blocks, ..Limits::default() });
        let mut first = BytesMut::new();
        while let Some(piece) = body.next().await {
            let piece = piece.map_err(|error| broken_off(&error))?;
            first.extend_from_slice(&piece);
            if scanner.push(&piece).is_none() {
                break;
            }
        }
        Ok((first.freeze(), scanner))
    }

    #[allow(clippy::too_many_arguments, reason = "the parts of one frame, each from another check")]
    async fn store_frame(
        &self,
        user: &User,
        upload: &Upload,
        filename: String,
        incoming: &Incoming,
        judged: Judged,
        first: Bytes,
        body: &mut ByteStream,
    ) -> Result<Accepted> {
        let key = BlobKey::raw(user.id, upload.id, &random_hex::<16>());
        let rest = std::mem::replace(body, futures_util::stream::empty().boxed());
        let (whole, passed) = hashed(chained(first, rest));
        self.blobs
            .raws
            .put(&key, judged.size, whole)
            .await
            .map_err(|error| of_the_body(error, judged.size))?;
        let sha256 = passed.sha256();
        if incoming.sha256.is_some_and(|announced| announced != sha256) {
            self.take_back(&key).await;
            let message = "The file was changed on its way: its SHA-256 is not the one announced. Please send it again.";
            return Err(Error::bad("digest_mismatch", message));
        }
        let file = NewFile {
            upload_id: upload.id,
            user_id: user.id,
            filename,
            key: key.to_string(),
            size: i64::try_from(judged.size).unwrap_or(i64::MAX),
            sha256: hex(&sha256),
            chunk_key: judged.meta.position_key().map(|key| key.to_string()),
            healpix_key: judged.meta.healpix_key().map(|key| key.to_string()),
            meta: judged.meta,
            max_files: self.settings.uploads.max_files,
            lifetime: self.settings.uploads.session_lifetime_s.duration(),
        };
        match self.store.add_file(&file).await {
            Ok(Added::New(file)) => Ok(Accepted { file, new: true }),
            Ok(Added::Have(file)) => {
                self.take_back(&key).await;
                Ok(Accepted { file, new: false })
            }
            Err(error) => {
                // Without an answer the row may be there, and its object must be too. If it is not, fsck tells of the object.
                if error.is_refusal() {
                    self.take_back(&key).await;
                }
                Err(error.into())
            }
        }
    }

    /// An object that gets no row.
    async fn take_back(&self, key: &BlobKey) {
        if let Err(error) = self.store.doom(Role::Raws, key.as_str(), "refused", Duration::ZERO).await {
            tracing::warn!(%key, %error, "an object without a row stays until crowdsky fsck --fix");
        }
    }
}

/// A name as a label: the last part of a path, no control characters, ending in .fit or .fits.
fn label(name: &str) -> Result<String> {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let label: String = last.chars().filter(|c| !c.is_control()).take(200).collect();
    let lower = label.to_ascii_lowercase();
    if lower.ends_with(".fit") || lower.ends_with(".fits") {
        return Ok(label);
    }
    Err(Error::bad("bad_name", "Only .fit and .fits files are accepted."))
}

fn broken_off(error: &io::Error) -> Error {
    Error::BrokenOff(error.to_string())
}

/// A failure of the storage that is the client's.
fn of_the_body(error: storage::Error, expected: u64) -> Error {
    match error {
        storage::Error::Source { cause, .. } if cause.kind() == io::ErrorKind::UnexpectedEof => {
            Error::BadInput {
                code: "truncated",
                message: format!(
                    "The file is cut off: its header asks for {expected} bytes, and fewer came."
                ),
            }
        }
        storage::Error::Source { cause, .. } if cause.kind() == io::ErrorKind::InvalidData => {
            Error::BadInput {
                code: "too_long",
                message: format!("The file is longer than the {expected} bytes its header speaks of."),
            }
        }
        storage::Error::Source { cause, .. } => broken_off(&cause),
        other => other.into(),
    }
}
