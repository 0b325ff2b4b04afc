//! Files that appear whole or not at all, and the question whether a server can do that.

use crate::client::{Client, Overwrite, file_source};
use crate::error::{Error, Result};
use crate::path::RemotePath;
use crate::transfer::Source;
use bytes::Bytes;
use futures_util::stream::{Stream, StreamExt};
use std::path::Path;

impl Client {
    /// Stores bytes under a name that nobody sees before they are complete. Makes the folders.
    pub async fn publish_bytes(&self, path: &RemotePath, bytes: Bytes, overwrite: Overwrite) -> Result<()> {
        self.publish(path, &mut Source::Bytes(bytes), overwrite).await
    }

    /// The same for a file.
    pub async fn publish_file(&self, path: &RemotePath, file: &Path, overwrite: Overwrite) -> Result<()> {
        self.publish(path, &mut file_source(path, file).await?, overwrite).await
    }

    /// The same for a stream of exactly `length` bytes.
    pub async fn publish_stream<S>(
        &self,
        path: &RemotePath,
        length: u64,
        stream: S,
        overwrite: Overwrite,
    ) -> Result<()>
    where
        S: Stream<Item = std::io::Result<Bytes>> + Send + 'static,
    {
        self.publish(path, &mut Source::Stream(Some(stream.boxed()), length), overwrite).await
    }

    async fn publish(&self, path: &RemotePath, source: &mut Source<'_>, overwrite: Overwrite) -> Result<()> {
        let part = RemotePath::parse(&format!("{path}.{}.part", random(path)?))?;
        let outcome = self.try_publish(path, &part, source, overwrite).await;
        if outcome.is_err() {
            if let Err(error) = self.delete(&part).await {
                tracing::warn!(%part, %error, "a part is left on the WebDAV server");
            }
        }
        outcome
    }

    async fn try_publish(
        &self,
        path: &RemotePath,
        part: &RemotePath,
        source: &mut Source<'_>,
        overwrite: Overwrite,
    ) -> Result<()> {
        let parent = path.parent();
        if let Some(parent) = &parent {
            self.mkcol_all(parent).await?;
        }
        if let Err(error) = self.put(part, source).await {
            // Somebody may have deleted a folder that we remember; nginx says 500 then, rclone 404, and who hangs up at once
            // says nothing.
            self.forget_folders_of(part);
            let missing = matches!(
                error,
                Error::NotFound { .. } | Error::Conflict { .. } | Error::Unavailable { status: 500, .. }
            );
            match &parent {
                Some(parent) if missing && source.is_replayable() => {
                    self.mkcol_all(parent).await?;
                    self.put(part, source).await?;
                }
                _ => return Err(error),
            }
        }
        let (sent, stored) = (source.length(), self.head(part).await?.and_then(|meta| meta.size));
        if stored != Some(sent) {
            return Err(Error::SizeMismatch { path: path.to_string(), sent, stored });
        }
        self.rename(part, path, overwrite).await
    }

    /// Writes, reads, moves and deletes a small object, and says which of these the server cannot do. Makes the folder at the
    /// base address if it is not there.
    pub async fn probe(&self) -> Result<()> {
        let name = RemotePath::parse("crowdsky-probe")?;
        let first = RemotePath::parse(&format!("{name}-{}", random(&name)?))?;
        let second = RemotePath::parse(&format!("{first}-moved"))?;
        let outcome = self.probe_with(&first, &second).await;
        if outcome.is_err() {
            for left in [&first, &second] {
                if let Err(error) = self.delete(left).await {
                    tracing::warn!(%left, %error, "a probe is left on the WebDAV server");
                }
            }
        }
        outcome
    }

    async fn probe_with(&self, first: &RemotePath, second: &RemotePath) -> Result<()> {
        let content = Bytes::from_static(b"CrowdSky looks whether it can write here.\n");
        let at = |step: &'static str| move |source: Error| Error::Probe { step, source: Box::new(source) };
        self.make_base().await.map_err(at("making the folder"))?;
        self.put_bytes(first, content.clone()).await.map_err(at("writing"))?;
        let read = self.get_bytes(first, 1000).await.map_err(at("reading"))?;
        if read != content {
            let cause = "it reads other bytes than were written".to_owned();
            return Err(at("reading")(Error::BadAnswer { path: first.to_string(), cause }));
        }
        self.rename(first, second, Overwrite::Fail).await.map_err(at("moving"))?;
        self.list(None).await.map_err(at("listing"))?;
        self.delete(second).await.map_err(at("deleting"))
    }
}

/// 64 random bits: two uploads of one name at once never share a part.
fn random(path: &RemotePath) -> Result<String> {
    let number = getrandom::u64();
    number.map(|number| format!("{number:016x}")).map_err(|error| Error::Source {
        path: path.to_string(),
        cause: format!("no random numbers: {error}"),
    })
}
