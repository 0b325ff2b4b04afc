//! Bodies, both ways: counted, timed, never whole in memory.

use crate::error::{Error, Result};
use crate::path::RemotePath;
use bytes::Bytes;
use futures_util::stream::{self, BoxStream, Stream, StreamExt};
use std::fmt;
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio_util::io::ReaderStream;

/// Small enough that progress is seen on a slow line.
const PIECE: usize = 64 << 10;

/// What is uploaded.
pub(crate) enum Source<'a> {
    /// Can be sent again.
    Bytes(Bytes),
    /// Can be sent again.
    File(&'a Path, u64),
    /// Once: taken by the first try.
    Stream(Option<BoxStream<'static, io::Result<Bytes>>>, u64),
}

impl Source<'_> {
    pub(crate) fn length(&self) -> u64 {
        match self {
            Source::Bytes(bytes) => bytes.len() as u64,
            Source::File(_, length) | Source::Stream(_, length) => *length,
        }
    }

    pub(crate) fn is_replayable(&self) -> bool {
        !matches!(self, Source::Stream(..))
    }

    /// A body of exactly the declared length, or one that fails and says why in `progress`.
    pub(crate) async fn body(&mut self, progress: &Arc<Progress>) -> io::Result<reqwest::Body> {
        let length = self.length();
        let pieces: BoxStream<'static, io::Result<Bytes>> = match self {
            Source::Bytes(bytes) => {
                let bytes = bytes.clone();
                let starts = (0..bytes.len()).step_by(PIECE);
                stream::iter(starts.map(move |at| Ok(bytes.slice(at..bytes.len().min(at + PIECE))))).boxed()
            }
            Source::File(path, _) => {
                ReaderStream::with_capacity(tokio::fs::File::open(path).await?, PIECE).boxed()
            }
            Source::Stream(taken, _) => {
                taken.take().ok_or_else(|| io::Error::other("the stream has been sent already"))?
            }
        };
        Ok(reqwest::Body::wrap_stream(exact(pieces, length, progress.clone())))
    }
}

/// How far an upload is, for whoever watches it.
#[derive(Debug)]
pub(crate) struct Progress(Mutex<(Instant, Option<String>)>);

impl Progress {
    pub(crate) fn new() -> Arc<Progress> {
        Arc::new(Progress(Mutex::new((Instant::now(), None))))
    }

    fn moved(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).0 = Instant::now();
    }

    fn fail(&self, cause: String) -> io::Error {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).1 = Some(cause.clone());
        io::Error::other(cause)
    }

    /// What was wrong with the source.
    pub(crate) fn fault(&self) -> Option<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).1.clone()
    }

    /// Ends when nothing has moved for `limit`.
    pub(crate) async fn stalled(&self, limit: Duration) {
        loop {
            let last = self.0.lock().unwrap_or_else(PoisonError::into_inner).0;
            let left = limit.saturating_sub(last.elapsed());
            if left.is_zero() {
                return;
            }
            tokio::time::sleep(left).await;
        }
    }
}

/// Passes pieces on, each only when the next is known: the HTTP library stops asking at the declared length, and would
/// never see that there is more.
fn exact(
    pieces: BoxStream<'static, io::Result<Bytes>>,
    length: u64,
    progress: Arc<Progress>,
) -> impl Stream<Item = io::Result<Bytes>> + Send + 'static {
    let first = (pieces, Bytes::new(), 0_u64, false);
    stream::unfold(first, move |(mut pieces, held, mut got, ended)| {
        let progress = progress.clone();
        async move {
            if ended {
                return None;
            }
            progress.moved();
            let stop = |error| Some((Err(error), (stream::empty().boxed(), Bytes::new(), 0, true)));
            loop {
                match pieces.next().await {
                    Some(Ok(piece)) if piece.is_empty() => {}
                    Some(Ok(piece)) => {
                        got += piece.len() as u64;
                        if got > length {
                            return stop(progress.fail(format!("longer than its declared {length} bytes")));
                        }
                        return Some((Ok(held), (pieces, piece, got, false)));
                    }
                    Some(Err(error)) => return stop(progress.fail(format!("cannot be read: {error}"))),
                    None if got < length => {
                        return stop(
                            progress.fail(format!("ended after {got} of its declared {length} bytes")),
                        );
                    }
                    None => return Some((Ok(held), (pieces, Bytes::new(), got, true))),
                }
            }
        }
    })
    .filter(|piece| std::future::ready(!matches!(piece, Ok(bytes) if bytes.is_empty())))
}

/// A body on its way to us.
pub struct Download {
    /// Its bytes, if the server says.
    pub length: Option<u64>,
    /// The version of the object, opaque.
    pub etag: Option<String>,
    /// The body; a body that is shorter or longer than `length` ends with an error.
    pub stream: BoxStream<'static, Result<Bytes>>,
}

impl fmt::Debug for Download {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Download")
            .field("length", &self.length)
            .field("etag", &self.etag)
            .finish_non_exhaustive()
    }
}

/// The body of an answer: `skip` bytes left out, then `length` if it is known; `cut` allows more to follow.
pub(crate) fn incoming(
    answer: reqwest::Response,
    path: &RemotePath,
    skip: u64,
    length: Option<u64>,
    cut: bool,
    idle: Duration,
) -> BoxStream<'static, Result<Bytes>> {
    let path = path.to_string();
    stream::unfold(Some((answer, skip, 0_u64)), move |state| {
        let path = path.clone();
        async move {
            let (mut answer, mut skip, mut got) = state?;
            loop {
                if cut && length == Some(got) {
                    return None;
                }
                let failed = match tokio::time::timeout(idle, answer.chunk()).await {
                    Err(_) => Error::Timeout { operation: "GET", path, seconds: idle.as_secs() },
                    Ok(Ok(Some(mut piece))) => {
                        let left_out = skip.min(piece.len() as u64);
                        skip -= left_out;
                        piece = piece.slice(left_out as usize..);
                        let room = length.map_or(u64::MAX, |length| length - got);
                        if piece.len() as u64 > room {
                            if !cut {
                                return Some((Err(Error::TooLong { path, limit: got + room }), None));
                            }
                            piece.truncate(room as usize);
                        }
                        if piece.is_empty() {
                            continue;
                        }
                        got += piece.len() as u64;
                        return Some((Ok(piece), Some((answer, skip, got))));
                    }
                    Ok(Ok(None)) if length.is_none_or(|length| length == got) => return None,
                    Ok(Ok(None) | Err(_)) if length.is_some() => {
                        Error::Truncated { path, expected: length.unwrap_or(got), got }
                    }
                    Ok(Ok(None)) => return None,
                    Ok(Err(error)) => {
                        Error::Connection { operation: "GET", path, cause: error.without_url().to_string() }
                    }
                };
                return Some((Err(failed), None));
            }
        }
    })
    .boxed()
}
