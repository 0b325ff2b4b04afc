//! A storage in a folder.
//!
//! An object is written under another name, synced, renamed, and its folder synced: after a power cut there is the whole
//! object or none (I4).

use super::checked::exactly;
use super::{Blob, BlobKey, BlobStore, ByteStream, Error, Listed, Result};
use crate::objects::Role;
use async_trait::async_trait;
use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::stream::BoxStream;
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};
use tokio::fs;
use tokio::io::{AsyncReadExt, AsyncSeekExt, AsyncWriteExt};
use tokio_util::io::ReaderStream;

/// Ending of files that are being written.
const PART: &str = ".part";
/// A part so old belongs to nobody: the longest upload takes minutes.
const PART_AGE: Duration = Duration::from_secs(24 * 3600);
/// Bytes read at once.
const PIECE: usize = 128 << 10;
/// Tries to write into a folder that others remove because it is empty.
const TRIES: u32 = 20;

/// A storage in a folder.
#[derive(Debug)]
pub struct LocalStore {
    role: Role,
    root: PathBuf,
    reserve: u64,
}

impl LocalStore {
    /// Opens the folder, which is made if it is not there. Raws that leave fewer than `reserve` bytes free are refused; what
    /// is made of them is not, for it makes room: raws go when their stack is there.
    ///
    /// # Errors
    /// [`Error::Refused`] if the folder can be neither made nor read.
    pub fn open(role: Role, root: &Path, reserve: u64) -> Result<LocalStore> {
        let refused = |cause| Error::Refused {
            role,
            what: format!("the folder {} cannot be used; check its path and who owns it", root.display()),
            cause: Box::new(cause),
        };
        crate::folder::make_private(root).map_err(refused)?;
        let root = root.canonicalize().map_err(refused)?;
        let reserve = if role == Role::Raws { reserve } else { 0 };
        Ok(LocalStore { role, root, reserve })
    }

    fn path(&self, key: &BlobKey) -> PathBuf {
        self.root.join(key.as_str())
    }

    /// What a failed call of the operating system means.
    fn failed(&self, key: &BlobKey, cause: io::Error) -> Error {
        match cause.kind() {
            io::ErrorKind::NotFound => Error::NotFound { role: self.role, key: key.to_string() },
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Error::Full { role: self.role },
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => Error::Refused {
                role: self.role,
                what: format!("no permission for {}; check who owns {}", key, self.root.display()),
                cause: Box::new(cause),
            },
            _ => Error::Unavailable {
                role: self.role,
                retry_after: Duration::from_secs(30),
                cause: Box::new(cause),
            },
        }
    }

    /// Makes the folders above an object; each new one is synced into the one above it.
    async fn make_folder(&self, folder: &Path) -> io::Result<()> {
        if fs::metadata(folder).await.is_ok() {
            return Ok(());
        }
        let mut missing = vec![folder];
        while let Some(above) = missing.last().and_then(|folder| folder.parent()) {
            if above == self.root || fs::metadata(above).await.is_ok() {
                break;
            }
            missing.push(above);
        }
        for folder in missing.into_iter().rev() {
            match fs::create_dir(folder).await {
                Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
                _ => sync_folder(folder.parent().unwrap_or(&self.root)).await?,
            }
        }
        Ok(())
    }

    /// What `attempt` gives, once the folder is there: it may be removed, being empty, just after it was made.
    async fn in_folder<T, F>(&self, folder: &Path, attempt: impl Fn() -> F) -> io::Result<T>
    where
        F: Future<Output = io::Result<T>>,
    {
        let mut tries = 0;
        loop {
            let done = match self.make_folder(folder).await {
                Ok(()) => attempt().await,
                Err(error) => Err(error),
            };
            tries += 1;
            match done {
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    if tries == TRIES {
                        // No object is missing, but the storage as a whole.
                        return Err(io::Error::other(error));
                    }
                }
                done => return done,
            }
        }
    }

    /// Removes a folder and those above it as long as they are empty, up to the storage itself.
    async fn remove_empty(&self, mut folder: Option<&Path>) {
        while let Some(above) = folder.filter(|folder| *folder != self.root) {
            // One that is not empty, or not there, ends it.
            if fs::remove_dir(above).await.is_err() {
                break;
            }
            folder = above.parent();
        }
    }

    async fn publish(&self, part: &Path, path: &Path) -> io::Result<()> {
        fs::rename(part, path).await?;
        sync_folder(path.parent().unwrap_or(&self.root)).await
    }
}

/// A file that is being written: gone when this is dropped, as it is when a client hangs up. After a rename there is
/// nothing left to remove.
struct Part(PathBuf);

impl Drop for Part {
    fn drop(&mut self) {
        // Whatever remains is found by the sweep.
        let _ = std::fs::remove_file(&self.0);
    }
}

async fn write(mut file: fs::File, length: u64, body: ByteStream) -> std::result::Result<(), Written> {
    let mut body = exactly(length, body);
    while let Some(bytes) = body.next().await {
        file.write_all(&bytes.map_err(Written::Source)?).await.map_err(Written::Storage)?;
    }
    file.flush().await.map_err(Written::Storage)?;
    file.sync_all().await.map_err(Written::Storage)
}

/// Whose fault it is that a body was not written.
enum Written {
    Source(io::Error),
    Storage(io::Error),
}

async fn sync_folder(folder: &Path) -> io::Result<()> {
    // Folders cannot be opened for syncing on Windows, where renames are journaled.
    if cfg!(unix) { fs::File::open(folder).await?.sync_all().await } else { Ok(()) }
}

#[async_trait]
impl BlobStore for LocalStore {
    fn role(&self) -> Role {
        self.role
    }

    async fn put(&self, key: &BlobKey, length: u64, body: ByteStream) -> Result<()> {
        if self.free().await?.is_some_and(|free| free < self.reserve.saturating_add(length)) {
            return Err(Error::Full { role: self.role });
        }
        let path = self.path(key);
        let folder = path.parent().unwrap_or(&self.root);
        let part = Part(folder.join(format!(".{}{PART}", crate::secret::random_hex::<16>())));
        // From here on the folder is not empty, and stays.
        let file = self.in_folder(folder, || fs::File::create_new(&part.0)).await;
        let file = file.map_err(|cause| self.failed(key, cause))?;
        match write(file, length, body).await {
            Ok(()) => self.publish(&part.0, &path).await.map_err(|cause| self.failed(key, cause)),
            Err(Written::Storage(cause)) => Err(self.failed(key, cause)),
            Err(Written::Source(cause)) => Err(Error::Source { key: key.to_string(), cause }),
        }
    }

    async fn put_file(&self, key: &BlobKey, file: &Path) -> Result<()> {
        let source = |cause| Error::Source { key: key.to_string(), cause };
        let file = fs::File::open(file).await.map_err(source)?;
        let length = file.metadata().await.map_err(source)?.len();
        self.put(key, length, ReaderStream::with_capacity(file, PIECE).boxed()).await
    }

    async fn get(&self, key: &BlobKey, range: Option<Range<u64>>) -> Result<Blob> {
        let failed = |cause| self.failed(key, cause);
        let mut file = fs::File::open(self.path(key)).await.map_err(failed)?;
        let about = file.metadata().await.map_err(failed)?;
        if !about.is_file() {
            return Err(Error::NotFound { role: self.role, key: key.to_string() });
        }
        let size = about.len();
        let range = range.map_or(0..size, |range| range.start.min(size)..range.end.min(size));
        let length = range.end.saturating_sub(range.start);
        file.seek(io::SeekFrom::Start(range.start)).await.map_err(failed)?;
        let stream = exactly(length, ReaderStream::with_capacity(file.take(length), PIECE).boxed());
        Ok(Blob { size, range, stream })
    }

    async fn size(&self, key: &BlobKey) -> Result<Option<u64>> {
        match fs::metadata(self.path(key)).await {
            Ok(about) if about.is_file() => Ok(Some(about.len())),
            Ok(_) => Ok(None),
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
                Ok(None)
            }
            Err(error) => Err(self.failed(key, error)),
        }
    }

    async fn rename(&self, from: &BlobKey, to: &BlobKey) -> Result<()> {
        let (source, target) = (self.path(from), self.path(to));
        let folder = target.parent().unwrap_or(&self.root);
        let moved = self.in_folder(folder, || async {
            match fs::rename(&source, &target).await {
                // Which of the two is not there? Without the source there is nothing to try again.
                Err(error) if error.kind() == io::ErrorKind::NotFound && !fs::try_exists(&source).await? => {
                    Ok(Err(error))
                }
                moved => moved.map(Ok),
            }
        });
        match moved.await.map_err(|cause| self.failed(to, cause))? {
            Ok(()) => {
                sync_folder(folder).await.map_err(|cause| self.failed(to, cause))?;
                match sync_folder(source.parent().unwrap_or(&self.root)).await {
                    Err(cause) if cause.kind() != io::ErrorKind::NotFound => {
                        return Err(self.failed(from, cause));
                    }
                    _ => self.remove_empty(source.parent()).await,
                }
                Ok(())
            }
            Err(_) if self.size(to).await?.is_some() => Ok(()),
            Err(gone) => Err(self.failed(from, gone)),
        }
    }

    async fn delete(&self, key: &BlobKey) -> Result<()> {
        match fs::remove_file(self.path(key)).await {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(self.failed(key, error)),
            _ => {}
        }
        self.remove_empty(self.path(key).parent()).await;
        Ok(())
    }

    async fn list(&self) -> Result<BoxStream<'static, Result<Listed>>> {
        let (send, receive) = tokio::sync::mpsc::channel(256);
        let (root, role) = (self.root.clone(), self.role);
        tokio::task::spawn_blocking(move || {
            let failed = |cause| Error::Unavailable {
                role,
                retry_after: Duration::from_secs(30),
                cause: Box::new(cause),
            };
            let mut told = |listed: Result<Listed>| send.blocking_send(listed).is_ok();
            if let Err(cause) = walk(&root, &root, &mut told) {
                told(Err(failed(cause)));
            }
        });
        Ok(tokio_stream::wrappers::ReceiverStream::new(receive).boxed())
    }

    async fn probe(&self) -> Result<()> {
        let key = BlobKey::parse(&format!("probe/{}", crate::secret::random_hex::<16>()))?;
        let body = Bytes::from_static(b"CrowdSky was here");
        self.put(&key, body.len() as u64, super::checked::once(body)).await?;
        let read = self.get(&key, None).await?;
        let read = super::checked::collect(read.stream, 64).await.map_err(|cause| self.failed(&key, cause));
        self.delete(&key).await?;
        read.map(drop)
    }

    async fn free(&self) -> Result<Option<u64>> {
        #[cfg(unix)]
        {
            let about = rustix::fs::statvfs(&self.root).map_err(|cause| Error::Unavailable {
                role: self.role,
                retry_after: Duration::from_secs(30),
                cause: Box::new(io::Error::from(cause)),
            })?;
            Ok(Some(about.f_bavail.saturating_mul(about.f_frsize)))
        }
        #[cfg(not(unix))]
        Ok(None)
    }
}

/// Tells every object below `folder`; parts that nobody will finish are removed on the way. What goes meanwhile is left out.
fn walk(root: &Path, folder: &Path, told: &mut impl FnMut(Result<Listed>) -> bool) -> io::Result<bool> {
    let entries = match std::fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound && folder != root => return Ok(true),
        entries => entries?,
    };
    for entry in entries {
        let entry = entry?;
        // It may be gone since the folder was read.
        let Ok(about) = entry.metadata() else { continue };
        let path = entry.path();
        if about.is_dir() {
            if !walk(root, &path, told)? {
                return Ok(false);
            }
        } else if entry.file_name().to_string_lossy().ends_with(PART) {
            let age = about.modified().ok().and_then(|time| SystemTime::now().duration_since(time).ok());
            if age.is_some_and(|age| age > PART_AGE) {
                match std::fs::remove_file(&path) {
                    Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                    _ => {}
                }
            }
        } else {
            let key = path.strip_prefix(root).unwrap_or(&path).to_string_lossy().replace('\\', "/");
            if !told(Ok(Listed { key, size: about.len(), modified: about.modified().ok() })) {
                return Ok(false);
            }
        }
    }
    Ok(true)
}
