//! Frames onto the worker's disk: each with the length and the SHA-256 the server has acknowledged (U-22, U-29).

use super::{Bench, Frame, JobError, SourceError, Task, WorkSource};
use crate::secret::hex;
use crate::storage::Names;
use futures_util::StreamExt;
use sha2::{Digest, Sha256};
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::io::AsyncWriteExt;

/// Tries for one frame.
const TRIES: u32 = 4;

/// Fetches every frame into `folder`; the files, in the order of the frames.
pub(super) async fn frames(
    source: &dyn WorkSource,
    task: &Task,
    frames: &[Frame],
    folder: &Path,
    bench: &Bench,
    mut progress: impl FnMut(usize),
) -> Result<Vec<PathBuf>, JobError> {
    let mut names = Names::default();
    let mut files = Vec::with_capacity(frames.len());
    for (k, frame) in frames.iter().enumerate() {
        if bench.stop.is_cancelled() {
            return Err(JobError::Stopped);
        }
        // Names are labels of strangers; what is unique among them need not be on a disk.
        let file = folder.join(names.unique(&frame.name));
        fetch(source, task, frame, &file, bench).await?;
        files.push(file);
        progress(k + 1);
    }
    Ok(files)
}

async fn fetch(
    source: &dyn WorkSource,
    task: &Task,
    frame: &Frame,
    file: &Path,
    bench: &Bench,
) -> Result<(), JobError> {
    let mut tried = 0;
    loop {
        let error = match once(source, task, frame, file).await {
            Ok(()) => return Ok(()),
            Err(JobError::Source(SourceError::Unavailable { what, retry_after })) => (what, retry_after),
            Err(other) => return Err(other),
        };
        tried += 1;
        if tried == TRIES {
            let message = format!("{} could not be fetched: {}", frame.name, error.0);
            return Err(JobError::failed("storage_unavailable", message, true));
        }
        let pause = error.1.unwrap_or(Duration::from_millis(200 << tried)).min(Duration::from_secs(30));
        tokio::select! {
            () = bench.stop.cancelled() => return Err(JobError::Stopped),
            () = tokio::time::sleep(pause) => {}
        }
    }
}

async fn once(source: &dyn WorkSource, task: &Task, frame: &Frame, file: &Path) -> Result<(), JobError> {
    let disk =
        |error: std::io::Error| JobError::failed("worker_error", format!("the worker's disk: {error}"), true);
    let unavailable = |what: String| SourceError::Unavailable { what, retry_after: None };
    let mut bytes = source.frame(task, frame).await?;
    let mut out = tokio::fs::File::create(file).await.map_err(disk)?;
    let (mut hash, mut length) = (Sha256::new(), 0);
    while let Some(piece) = bytes.next().await {
        let piece = piece.map_err(|error| unavailable(error.to_string()))?;
        length += piece.len() as u64;
        if length > frame.size {
            break;
        }
        hash.update(&piece);
        out.write_all(&piece).await.map_err(disk)?;
    }
    out.flush().await.map_err(disk)?;
    if length != frame.size {
        return Err(unavailable(format!("{length} bytes came, {} were expected", frame.size)).into());
    }
    if !hex(&hash.finalize()).eq_ignore_ascii_case(&frame.sha256) {
        return Err(unavailable("the bytes that came have another SHA-256".to_owned()).into());
    }
    Ok(())
}
