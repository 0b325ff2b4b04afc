//! What lies where.

use crate::client::{Client, collect, length};
use crate::error::{Error, Result};
use crate::multistatus::{self, Entry};
use crate::path::RemotePath;
use crate::transfer::{self, Source};
use bytes::Bytes;
use futures_util::stream::{self, BoxStream, StreamExt, TryStreamExt};
use reqwest::StatusCode;

const PROPERTIES: &str = r#"<?xml version="1.0" encoding="utf-8"?><propfind xmlns="DAV:"><prop><resourcetype/><getcontentlength/><getetag/><getlastmodified/></prop></propfind>"#;

/// A folder and what lies in it.
#[derive(Clone, Debug)]
pub struct Listing {
    /// The folder; none is the base.
    pub folder: Option<RemotePath>,
    /// What lies in it, folders among it.
    pub entries: Vec<Entry>,
}

impl Client {
    /// What lies in a folder (none is the base), the folder itself left out.
    pub async fn list(&self, folder: Option<&RemotePath>) -> Result<Vec<Entry>> {
        let mut entries = self.propfind(folder, true, "1").await?;
        // Whatever else a server names was not asked for.
        entries.retain(|entry| entry.path.as_ref().is_some_and(|path| path.parent().as_ref() == folder));
        Ok(entries)
    }

    /// All that lies below a folder, as it comes: see [`Client::walk_folders`].
    pub fn walk(&self, folder: Option<&RemotePath>) -> BoxStream<'static, Result<Entry>> {
        let folders = self.walk_folders(folder);
        folders.map_ok(|listing| stream::iter(listing.entries.into_iter().map(Ok))).try_flatten().boxed()
    }

    /// A folder and all folders below it, one after the other: half of the servers refuse to tell all at once, and nothing
    /// but the names of folders still to be seen is kept. Each listing has its limits, the whole has none. Folders that are
    /// gone when their turn comes are left out.
    pub fn walk_folders(&self, folder: Option<&RemotePath>) -> BoxStream<'static, Result<Listing>> {
        let top = folder.cloned();
        let first = (self.clone(), vec![folder.cloned()]);
        stream::try_unfold(first, move |(client, mut open)| {
            let top = top.clone();
            async move {
                while let Some(folder) = open.pop() {
                    let entries = match client.list(folder.as_ref()).await {
                        Err(Error::NotFound { .. }) if folder != top => continue,
                        listed => listed?,
                    };
                    let depth = |path: &Option<RemotePath>| path.as_ref().map_or(0, RemotePath::depth);
                    if depth(&folder) - depth(&top) > client.config.limits.depth {
                        let cause = format!("folders deeper than {}", client.config.limits.depth);
                        return Err(Error::BadAnswer { path: place(folder.as_ref()), cause });
                    }
                    let folders = entries.iter().filter(|entry| entry.collection);
                    open.extend(folders.map(|entry| entry.path.clone()));
                    return Ok(Some((Listing { folder, entries }, (client, open))));
                }
                Ok(None)
            }
        })
        .boxed()
    }

    pub(crate) async fn propfind(
        &self,
        path: Option<&RemotePath>,
        folder: bool,
        depth: &str,
    ) -> Result<Vec<Entry>> {
        let shown = RemotePath::parse(&place(path))?;
        let headers =
            [("depth", depth.to_owned()), ("content-type", "application/xml; charset=utf-8".to_owned())];
        let mut body = Source::Bytes(Bytes::from_static(PROPERTIES.as_bytes()));
        let answer =
            self.send("PROPFIND", &shown, self.address(path, folder), &headers, Some(&mut body)).await?;
        let bad = |cause: String| Error::BadAnswer { path: shown.to_string(), cause };
        if answer.status() != StatusCode::MULTI_STATUS {
            return Err(bad(format!("status {} instead of 207", answer.status().as_u16())));
        }
        let length = length(&answer);
        let stream = transfer::incoming(answer, &shown, 0, length, false, self.config.timeouts.idle);
        let xml = collect(stream, &shown, self.config.limits.propfind_bytes).await?;
        multistatus::parse(&xml, self.config.base_url(), path, &self.config.limits).map_err(bad)
    }
}

/// The name of a place in messages.
pub(crate) fn place(path: Option<&RemotePath>) -> String {
    path.map_or_else(|| "(base)".to_owned(), RemotePath::to_string)
}
