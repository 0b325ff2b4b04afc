//! A storage on a WebDAV server, over `crowdsky-webdav`: objects appear whole, moved from a part beside them.

use super::checked::exactly;
use super::{Blob, BlobKey, BlobStore, ByteStream, Error, Listed, Result};
use crate::config::{StoragePlace, read_secret};
use crate::objects::Role;
use async_trait::async_trait;
use crowdsky_webdav::{Client, Config, Credentials, Entry, Error as Dav, Listing, Overwrite, RemotePath};
use futures_util::stream::BoxStream;
use futures_util::{StreamExt, TryStreamExt};
use std::io;
use std::ops::Range;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

/// When to come back to a server that does not answer.
const RETRY_AFTER: Duration = Duration::from_secs(30);
/// A part so old belongs to nobody: the longest upload takes minutes.
const PART_AGE: Duration = Duration::from_secs(24 * 3600);
/// Nobody writes into the folder of an upload session or of an attempt any more that has not changed for so long: a session is
/// open for a day.
const EMPTY_AGE: Duration = Duration::from_secs(7 * 24 * 3600);

/// A storage on a WebDAV server.
#[derive(Debug, Clone)]
pub struct WebdavStore {
    role: Role,
    client: Client,
}

impl WebdavStore {
    /// A client for the place the settings name. Nothing is asked of the server yet.
    ///
    /// # Errors
    /// [`Error::Refused`] for settings that name no server, or a secret that cannot be read.
    pub fn open(role: Role, place: &StoragePlace) -> Result<WebdavStore> {
        let refused = |what: &str, cause: Box<dyn std::error::Error + Send + Sync>| Error::Refused {
            role,
            what: what.to_owned(),
            cause,
        };
        let url = place
            .url
            .as_deref()
            .ok_or_else(|| refused("give its url", "kind = \"webdav\" without url".into()))?;
        let secret = |key, value: Option<_>, file: Option<&Path>| {
            read_secret(key, value, file)
                .map_err(|error| refused("its secret cannot be read", Box::new(error)))
        };
        let password = secret("storage.password", place.password.as_ref(), place.password_file.as_deref())?;
        let token =
            secret("storage.share_token", place.share_token.as_ref(), place.share_token_file.as_deref())?;
        let config = match (token, &place.user) {
            (Some(token), _) => Config::new(url, Credentials::ShareToken(token)),
            (None, Some(user)) => {
                let (user, password) = (user.clone(), password.unwrap_or_default());
                Config::new(url, Credentials::Basic { user, password })
            }
            (None, None) if url.contains("/s/") => Config::from_share_url(url),
            (None, None) => Config::new(url, Credentials::None),
        };
        let bad = |error: Dav| refused("its settings cannot be used", Box::new(error));
        let mut config = config.map_err(bad)?;
        config.timeouts.response = place.timeout_s.duration();
        config.timeouts.idle = place.timeout_s.duration();
        config.retry.attempts = place.tries.max(1);
        Ok(WebdavStore { role, client: Client::new(config).map_err(bad)? })
    }

    fn path(&self, key: &BlobKey) -> Result<RemotePath> {
        RemotePath::parse(key.as_str()).map_err(|error| self.failed(key.as_str(), error.into()))
    }

    /// What a failure means here.
    fn failed(&self, key: &str, error: Dav) -> Error {
        let role = self.role;
        match error {
            Dav::NotFound { .. } => Error::NotFound { role, key: key.to_owned() },
            Dav::OutOfSpace { .. } => Error::Full { role },
            Dav::Source { cause, .. } => {
                Error::Source { key: key.to_owned(), cause: io::Error::other(cause) }
            }
            Dav::Denied { .. } | Dav::Redirect { .. } | Dav::Config(_) | Dav::Path(_) | Dav::Probe { .. } => {
                let what = "check url, user and password of the storage".to_owned();
                Error::Refused { role, what, cause: Box::new(error) }
            }
            other => self.unavailable(Box::new(other)),
        }
    }

    fn unavailable(&self, cause: Box<dyn std::error::Error + Send + Sync>) -> Error {
        Error::Unavailable { role: self.role, retry_after: RETRY_AFTER, cause }
    }

    /// Deletes the folders of an attempt when nothing is staged in them any more: there is one for every job and attempt, and
    /// nothing in them is acknowledged to anybody.
    async fn remove_stage(&self, staged: &RemotePath) {
        let mut folder = staged.parent().filter(|_| staged.as_str().starts_with("staging/"));
        while let Some(path) = folder.filter(|path| path.as_str() != "staging") {
            match self.client.delete_empty_collection(&path).await {
                Ok(true) => folder = path.parent(),
                Ok(false) => return,
                Err(error) => {
                    tracing::debug!(%path, %error, "an empty folder stays until objects are listed");
                    return;
                }
            }
        }
    }

    /// What a listing of a folder shows of it; a folder that has been empty for long is deleted.
    async fn listed(&self, listing: Listing) -> Vec<Listed> {
        let now = SystemTime::now();
        let older = |entry: &Entry, than: Duration| {
            let age = entry.modified.and_then(|time| now.duration_since(time).ok());
            age.is_some_and(|age| age > than)
        };
        let mut objects = Vec::new();
        for entry in listing.entries {
            let Some(path) = &entry.path else { continue };
            if entry.collection {
                if is_numbered(path.as_str())
                    && older(&entry, EMPTY_AGE)
                    && let Err(error) = self.client.delete_empty_collection(path).await
                {
                    tracing::debug!(%path, %error, "a folder could not be deleted");
                }
                continue;
            }
            // Younger parts are somebody's upload on its way.
            if !path.as_str().ends_with(".part") || older(&entry, PART_AGE) {
                let key = path.as_str().to_owned();
                objects.push(Listed { key, size: entry.size.unwrap_or(0), modified: entry.modified });
            }
        }
        objects
    }
}

/// Whether a folder is that of one upload session, job or attempt: no number is used twice.
fn is_numbered(folder: &str) -> bool {
    let numbered =
        |part: &str, letter| part.strip_prefix(letter).is_some_and(|number| number.parse::<i64>().is_ok());
    match *folder.split('/').collect::<Vec<_>>() {
        ["raws", user, session] => numbered(user, 'u') && numbered(session, 's'),
        ["staging", job] => numbered(job, 'j'),
        ["staging", job, epoch] => numbered(job, 'j') && numbered(epoch, 'e'),
        _ => false,
    }
}

/// The same bytes; an error in them is kept for whoever asks why the upload failed.
fn watched(body: ByteStream) -> (ByteStream, Arc<Mutex<Option<io::Error>>>) {
    let fault: Arc<Mutex<Option<io::Error>>> = Arc::default();
    let keep = fault.clone();
    let body = body.map(move |item| {
        item.map_err(|error| {
            let told = io::Error::new(error.kind(), error.to_string());
            keep.lock().unwrap_or_else(PoisonError::into_inner).replace(error);
            told
        })
    });
    (body.boxed(), fault)
}

#[async_trait]
impl BlobStore for WebdavStore {
    fn role(&self) -> Role {
        self.role
    }

    async fn put(&self, key: &BlobKey, length: u64, body: ByteStream) -> Result<()> {
        let path = self.path(key)?;
        let (body, fault) = watched(exactly(length, body));
        let stored = self.client.publish_stream(&path, length, body, Overwrite::Replace).await;
        stored.map_err(|error| match fault.lock().unwrap_or_else(PoisonError::into_inner).take() {
            Some(cause) => Error::Source { key: key.to_string(), cause },
            None => match self.failed(key.as_str(), error) {
                // Its folder was deleted meanwhile: not for want of an object, and better the next time.
                Error::NotFound { .. } => self.unavailable("the folder of the object went away".into()),
                failed => failed,
            },
        })
    }

    async fn put_file(&self, key: &BlobKey, file: &Path) -> Result<()> {
        let stored = self.client.publish_file(&self.path(key)?, file, Overwrite::Replace).await;
        stored.map_err(|error| self.failed(key.as_str(), error))
    }

    async fn get(&self, key: &BlobKey, range: Option<Range<u64>>) -> Result<Blob> {
        let path = self.path(key)?;
        let failed = |error| self.failed(key.as_str(), error);
        let (size, range, download) = match range {
            None => {
                let download = self.client.get(&path).await.map_err(failed)?;
                let size = match download.length {
                    Some(length) => length,
                    None => self
                        .size(key)
                        .await?
                        .ok_or_else(|| Error::NotFound { role: self.role, key: key.to_string() })?,
                };
                (size, 0..size, download)
            }
            Some(range) => {
                let size = self.size(key).await?;
                let size = size.ok_or_else(|| Error::NotFound { role: self.role, key: key.to_string() })?;
                let range = range.start.min(size)..range.end.min(size);
                if range.is_empty() {
                    return Ok(Blob { size, range, stream: futures_util::stream::empty().boxed() });
                }
                (size, range.clone(), self.client.get_range(&path, range).await.map_err(failed)?)
            }
        };
        let stream = download.stream.map(|piece| piece.map_err(io::Error::other)).boxed();
        Ok(Blob { size, stream: exactly(range.end - range.start, stream), range })
    }

    async fn size(&self, key: &BlobKey) -> Result<Option<u64>> {
        let meta =
            self.client.head(&self.path(key)?).await.map_err(|error| self.failed(key.as_str(), error))?;
        Ok(meta.and_then(|meta| meta.size))
    }

    async fn rename(&self, from: &BlobKey, to: &BlobKey) -> Result<()> {
        let (source, target) = (self.path(from)?, self.path(to)?);
        let failed = |error| self.failed(from.as_str(), error);
        match self.client.move_to(&source, &target, Overwrite::Replace).await {
            Err(Dav::NotFound { .. }) if self.size(to).await?.is_some() => Ok(()),
            Err(error) => Err(failed(error)),
            Ok(()) => {
                self.remove_stage(&source).await;
                Ok(())
            }
        }
    }

    async fn delete(&self, key: &BlobKey) -> Result<()> {
        let path = self.path(key)?;
        self.client.delete(&path).await.map_err(|error| self.failed(key.as_str(), error))?;
        self.remove_stage(&path).await;
        Ok(())
    }

    async fn list(&self) -> Result<BoxStream<'static, Result<Listed>>> {
        let store = self.clone();
        let objects = self.client.walk_folders(None).then(move |listing| {
            let store = store.clone();
            async move {
                let listing = listing.map_err(|error| store.failed("", error))?;
                Ok::<_, Error>(futures_util::stream::iter(store.listed(listing).await.into_iter().map(Ok)))
            }
        });
        Ok(objects.try_flatten().boxed())
    }

    async fn probe(&self) -> Result<()> {
        self.client.probe().await.map_err(|error| self.failed("", error))
    }

    async fn free(&self) -> Result<Option<u64>> {
        Ok(None)
    }
}
