//! The client: the verbs of WebDAV, each with its retries.

use crate::config::{Config, Credentials};
use crate::error::{Error, Result};
use crate::multistatus::Entry;
use crate::path::RemotePath;
use crate::retry;
use crate::transfer::{self, Download, Progress, Source};
use base64::Engine;
use bytes::Bytes;
use futures_util::stream::{Stream, StreamExt};
use reqwest::header::{self, HeaderMap, HeaderValue};
use reqwest::{Method, Response, StatusCode};
use secrecy::ExposeSecret;
use std::collections::HashSet;
use std::fmt;
use std::ops::Range;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::SystemTime;

/// Speaks to one WebDAV folder. A clone shares connections and knowledge.
#[derive(Clone)]
pub struct Client {
    http: reqwest::Client,
    pub(crate) config: Arc<Config>,
    pub(crate) made: Arc<Mutex<HashSet<RemotePath>>>,
}

/// What is known about an object without its bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Meta {
    /// Its bytes.
    pub size: Option<u64>,
    /// Its version, opaque.
    pub etag: Option<String>,
    /// When it changed.
    pub modified: Option<SystemTime>,
}

/// What to do when the destination exists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Overwrite {
    /// Take its place.
    Replace,
    /// [`Error::Exists`].
    Fail,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("config", &self.config).finish_non_exhaustive()
    }
}

/// reqwest is built without a provider of its own, so that one crypto library serves the whole program; who has chosen one
/// already keeps it.
fn need_crypto() {
    if rustls::crypto::CryptoProvider::get_default().is_none() {
        // It fails only when another thread was quicker, and then there is one.
        drop(rustls::crypto::ring::default_provider().install_default());
    }
}

impl Client {
    /// A client; nothing is sent yet.
    pub fn new(config: Config) -> Result<Client> {
        need_crypto();
        let mut headers = HeaderMap::new();
        let login = match &config.credentials {
            Credentials::None => None,
            Credentials::Basic { user, password } => Some(format!("{user}:{}", password.expose_secret())),
            Credentials::ShareToken(token) => {
                // Nextcloud's shares answer only to GET without it.
                headers.insert("x-requested-with", HeaderValue::from_static("XMLHttpRequest"));
                Some(format!("{}:", token.expose_secret()))
            }
        };
        if let Some(login) = login {
            let text = format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(login));
            let mut value = HeaderValue::from_str(&text)
                .map_err(|_| Error::Config("the credentials cannot be sent".into()))?;
            value.set_sensitive(true);
            headers.insert(header::AUTHORIZATION, value);
        }
        headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        let http = reqwest::Client::builder()
            .default_headers(headers)
            .connect_timeout(config.timeouts.connect)
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .map_err(|error| Error::Config(error.without_url().to_string()))?;
        Ok(Client { http, config: Arc::new(config), made: Arc::default() })
    }

    /// Stores bytes; the folder must exist. Seen half written by others: see [`Client::publish_bytes`].
    pub async fn put_bytes(&self, path: &RemotePath, bytes: Bytes) -> Result<()> {
        self.put(path, &mut Source::Bytes(bytes)).await
    }

    /// Stores a file.
    pub async fn put_file(&self, path: &RemotePath, file: &Path) -> Result<()> {
        self.put(path, &mut file_source(path, file).await?).await
    }

    /// Stores a stream of exactly `length` bytes. Tried once: a stream cannot be read again.
    pub async fn put_stream<S>(&self, path: &RemotePath, length: u64, stream: S) -> Result<()>
    where
        S: Stream<Item = std::io::Result<Bytes>> + Send + 'static,
    {
        self.put(path, &mut Source::Stream(Some(stream.boxed()), length)).await
    }

    pub(crate) async fn put(&self, path: &RemotePath, source: &mut Source<'_>) -> Result<()> {
        self.send("PUT", path, self.address(Some(path), false), &[], Some(source)).await.map(drop)
    }

    /// Fetches an object.
    pub async fn get(&self, path: &RemotePath) -> Result<Download> {
        let answer = self.send("GET", path, self.address(Some(path), false), &[], None).await?;
        let (length, etag) = (length(&answer), etag(&answer));
        let stream = transfer::incoming(answer, path, 0, length, false, self.config.timeouts.idle);
        Ok(Download { length, etag, stream })
    }

    /// Fetches bytes `range.start..range.end` of an object, fewer where it ends before.
    pub async fn get_range(&self, path: &RemotePath, range: Range<u64>) -> Result<Download> {
        let refused = || Error::Range { path: path.to_string() };
        if range.is_empty() {
            return Err(refused());
        }
        let asked = format!("bytes={}-{}", range.start, range.end - 1);
        let headers = [("range", asked)];
        let answer = self.send("GET", path, self.address(Some(path), false), &headers, None).await?;
        let (skip, length, cut) = if answer.status() == StatusCode::PARTIAL_CONTENT {
            let given = answer.headers().get(header::CONTENT_RANGE).and_then(|value| value.to_str().ok());
            let (first, last) = given.and_then(content_range).ok_or_else(refused)?;
            if first != range.start || last < first || last >= range.end {
                return Err(refused());
            }
            (0, last - first + 1, false)
        } else {
            // The server knows no ranges and sends all.
            let whole = length(&answer).unwrap_or(range.end);
            (range.start, whole.min(range.end).checked_sub(range.start).ok_or_else(refused)?, true)
        };
        let etag = etag(&answer);
        let stream = transfer::incoming(answer, path, skip, Some(length), cut, self.config.timeouts.idle);
        Ok(Download { length: Some(length), etag, stream })
    }

    /// Fetches an object of at most `limit` bytes.
    pub async fn get_bytes(&self, path: &RemotePath, limit: u64) -> Result<Bytes> {
        collect(self.get(path).await?.stream, path, limit).await
    }

    /// What is known about an object; none if there is none.
    pub async fn head(&self, path: &RemotePath) -> Result<Option<Meta>> {
        let answer = match self.send("HEAD", path, self.address(Some(path), false), &[], None).await {
            Err(Error::NotFound { .. }) => return Ok(None),
            answer => answer?,
        };
        let modified = answer.headers().get(header::LAST_MODIFIED).and_then(|value| value.to_str().ok());
        let modified = modified.and_then(|text| httpdate::parse_http_date(text).ok());
        let meta = Meta { size: length(&answer), etag: etag(&answer), modified };
        if meta.size.is_some() {
            return Ok(Some(meta));
        }
        let found = self
            .propfind(Some(path), false, "0")
            .await?
            .into_iter()
            .find(|entry| entry.path.as_ref() == Some(path));
        Ok(Some(found.map_or(meta, |Entry { size, etag, modified, .. }| Meta { size, etag, modified })))
    }

    /// Deletes an object; it is no fault if there is none.
    pub async fn delete(&self, path: &RemotePath) -> Result<()> {
        self.remove(path, false).await
    }

    pub(crate) async fn remove(&self, path: &RemotePath, folder: bool) -> Result<()> {
        match self.send("DELETE", path, self.address(Some(path), folder), &[], None).await {
            Err(Error::NotFound { .. }) => Ok(()),
            answer => answer.map(drop),
        }
    }

    /// Moves an object. Never repeated blindly: when the answer is lost, the server is asked what became of it.
    pub async fn rename(&self, from: &RemotePath, to: &RemotePath, overwrite: Overwrite) -> Result<()> {
        let flag = if overwrite == Overwrite::Replace { "T" } else { "F" };
        // Absolute: Apache answers 400 to a path.
        let headers = [("destination", self.address(Some(to), false)), ("overwrite", flag.to_owned())];
        let retry = self.config.retry;
        for attempt in 0.. {
            let (error, asked) =
                match self.once("MOVE", from, &self.address(Some(from), false), &headers, None).await {
                    Ok(_) => return Ok(()),
                    Err(failed) => failed,
                };
            let lost = matches!(
                &error,
                Error::Connection { .. } | Error::Timeout { .. } | Error::Unavailable { .. }
            );
            let repeated = attempt > 0 && matches!(error, Error::Exists { .. } | Error::NotFound { .. });
            if !lost && !repeated {
                return Err(error);
            }
            if self.head(from).await?.is_none() && self.head(to).await?.is_some() {
                return Ok(());
            }
            if !lost || attempt + 1 >= retry.attempts {
                return Err(error);
            }
            tokio::time::sleep(retry::wait(&retry, attempt, asked)).await;
        }
        Ok(())
    }

    pub(crate) fn address(&self, path: Option<&RemotePath>, folder: bool) -> String {
        let slash = if folder && path.is_some() { "/" } else { "" };
        format!("{}{}{slash}", self.config.base_url(), path.map(RemotePath::encoded).unwrap_or_default())
    }

    pub(crate) async fn send(
        &self,
        operation: &'static str,
        path: &RemotePath,
        address: String,
        headers: &[(&'static str, String)],
        mut source: Option<&mut Source<'_>>,
    ) -> Result<Response> {
        let retry = self.config.retry;
        let replayable = source.as_ref().is_none_or(|source| source.is_replayable());
        let mut attempt = 0;
        loop {
            let (error, asked) =
                match self.once(operation, path, &address, headers, source.as_deref_mut()).await {
                    Ok(answer) => return Ok(answer),
                    Err(failed) => failed,
                };
            let passing = matches!(
                &error,
                Error::Connection { .. } | Error::Timeout { .. } | Error::Unavailable { .. }
            );
            if !passing || !replayable || attempt + 1 >= retry.attempts {
                return Err(error);
            }
            let wait = retry::wait(&retry, attempt, asked);
            tracing::debug!(%error, attempt, ?wait, "WebDAV request is tried again");
            tokio::time::sleep(wait).await;
            attempt += 1;
        }
    }

    /// One try: the answer, or the error and the wait that the server asks for.
    async fn once(
        &self,
        operation: &'static str,
        shown: &RemotePath,
        address: &str,
        headers: &[(&'static str, String)],
        source: Option<&mut Source<'_>>,
    ) -> std::result::Result<Response, (Error, Option<std::time::Duration>)> {
        let path = shown.to_string();
        let method = Method::from_bytes(operation.as_bytes())
            .map_err(|_| (Error::Config(format!("no method {operation}")), None))?;
        let progress = Progress::new();
        let mut request = self.http.request(method, address);
        for (name, value) in headers {
            request = request.header(*name, value);
        }
        if let Some(source) = source {
            let body = source.body(&progress).await;
            let body =
                body.map_err(|error| (Error::Source { path: path.clone(), cause: error.to_string() }, None))?;
            // Never chunked: behind FastCGI, Nextcloud has stored such bodies as 0 bytes.
            request = request.header(header::CONTENT_LENGTH, source.length()).body(body);
        }
        let limit = self.config.timeouts.response;
        let answer = tokio::select! {
            answer = request.send() => answer,
            () = progress.stalled(limit) => {
                return Err((Error::Timeout { operation, path, seconds: limit.as_secs() }, None));
            }
        };
        if let Some(cause) = progress.fault() {
            return Err((Error::Source { path, cause }, None));
        }
        let answer = answer.map_err(|error| {
            (
                Error::Connection { operation, path: path.clone(), cause: error.without_url().to_string() },
                None,
            )
        })?;
        let status = answer.status().as_u16();
        let error = match status {
            // 207 to anything but PROPFIND tells of parts that failed.
            207 if operation != "PROPFIND" => Error::Status { operation, path, status },
            200..=299 => return Ok(answer),
            300..=399 => {
                let target = answer.headers().get(header::LOCATION).and_then(|value| value.to_str().ok());
                let target = target.and_then(|text| self.config.base_url().join(text).ok());
                let host = target.and_then(|url| url.host_str().map(str::to_owned)).unwrap_or_default();
                Error::Redirect { operation, path, host }
            }
            401 | 403 => Error::Denied { operation, path, status },
            404 => Error::NotFound { operation, path },
            409 => Error::Conflict { operation, path },
            412 => Error::Exists { operation, path },
            416 => Error::Range { path },
            507 => Error::OutOfSpace { operation, path },
            _ if retry::is_passing(status) => Error::Unavailable { operation, path, status },
            _ => Error::Status { operation, path, status },
        };
        Err((error, retry::asked_wait(answer.headers(), SystemTime::now())))
    }
}

pub(crate) async fn file_source<'a>(path: &RemotePath, file: &'a Path) -> Result<Source<'a>> {
    let found = tokio::fs::metadata(file).await;
    let found = found.map_err(|error| Error::Source { path: path.to_string(), cause: error.to_string() })?;
    Ok(Source::File(file, found.len()))
}

pub(crate) async fn collect(
    mut stream: futures_util::stream::BoxStream<'static, Result<Bytes>>,
    path: &RemotePath,
    limit: u64,
) -> Result<Bytes> {
    let mut all = Vec::new();
    while let Some(piece) = stream.next().await {
        let piece = piece?;
        if (all.len() + piece.len()) as u64 > limit {
            return Err(Error::TooLong { path: path.to_string(), limit });
        }
        all.extend_from_slice(&piece);
    }
    Ok(all.into())
}

pub(crate) fn length(answer: &Response) -> Option<u64> {
    answer.headers().get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

/// Nextcloud's own ETag first: Apache changes the other when it compresses.
fn etag(answer: &Response) -> Option<String> {
    let headers = answer.headers();
    Some(headers.get("oc-etag").or_else(|| headers.get(header::ETAG))?.to_str().ok()?.to_owned())
}

fn content_range(text: &str) -> Option<(u64, u64)> {
    let (first, last) = text.strip_prefix("bytes ")?.split_once('/')?.0.split_once('-')?;
    Some((first.parse().ok()?, last.parse().ok()?))
}
