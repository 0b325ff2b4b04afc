//! Folders: made, remembered, forgotten, deleted; and objects moved into them.

use crate::client::{Client, Overwrite};
use crate::error::{Error, Result};
use crate::listing::place;
use crate::path::RemotePath;
use std::collections::HashSet;
use std::sync::{MutexGuard, PoisonError};

/// Folders that are remembered at most.
const REMEMBERED: usize = 10_000;

impl Client {
    /// Makes a folder; it may exist.
    pub async fn mkcol(&self, path: &RemotePath) -> Result<()> {
        match self.send("MKCOL", path, self.address(Some(path), true), &[], None).await {
            Err(Error::Status { status: 405, .. }) => {
                let found = self.propfind(Some(path), true, "0").await?;
                let is_folder =
                    found.iter().any(|entry| entry.collection && entry.path.as_ref() == Some(path));
                let conflict = || Error::Conflict { operation: "MKCOL", path: path.to_string() };
                is_folder.then_some(()).ok_or_else(conflict)
            }
            answer => answer.map(drop),
        }
    }

    /// Makes the folder at the base address, if it is not there; the one it lies in must exist.
    pub async fn make_base(&self) -> Result<()> {
        match self.propfind(None, true, "0").await {
            Err(Error::NotFound { .. }) => {}
            answer => return answer.map(drop),
        }
        match self.send("MKCOL", &RemotePath::parse(&place(None))?, self.address(None, true), &[], None).await
        {
            // Somebody was faster.
            Err(Error::Status { status: 405, .. }) => Ok(()),
            answer => answer.map(drop),
        }
    }

    /// Makes a folder and those it lies in. What was made once is remembered.
    pub async fn mkcol_all(&self, path: &RemotePath) -> Result<()> {
        // From the deepest upwards until one can be made, then down again.
        let mut missing = vec![path.clone()];
        let mut climbed = HashSet::new();
        while let Some(folder) = missing.last().cloned() {
            let known = self.made().contains(&folder);
            let outcome = if known { Ok(()) } else { self.mkcol(&folder).await };
            match (outcome, folder.parent()) {
                (Ok(()), _) => {
                    let mut made = self.made();
                    if made.len() >= REMEMBERED {
                        made.clear();
                    }
                    made.insert(folder);
                    missing.pop();
                }
                // Once for each: a server that says so of a folder whose parent is there will go on saying so.
                (Err(Error::Conflict { .. } | Error::NotFound { .. }), Some(parent))
                    if climbed.insert(parent.clone()) =>
                {
                    // We may remember it, and somebody has deleted it.
                    self.made().remove(&parent);
                    missing.push(parent);
                }
                (Err(error), _) => return Err(error),
            }
        }
        Ok(())
    }

    /// Deletes a folder with all that is in it.
    pub async fn delete_collection(&self, path: &RemotePath) -> Result<()> {
        let below = format!("{path}/");
        self.made().retain(|folder| folder != path && !folder.as_str().starts_with(&below));
        // Without the slash nginx answers 409.
        self.remove(path, true).await
    }

    /// Deletes a folder if nothing is in it; says whether it is gone. WebDAV has no such request: what comes between the look
    /// and the delete is lost, so this is for folders that nobody writes into any more.
    pub async fn delete_empty_collection(&self, path: &RemotePath) -> Result<bool> {
        match self.list(Some(path)).await {
            Ok(entries) if !entries.is_empty() => return Ok(false),
            Ok(_) => {}
            Err(Error::NotFound { .. }) => return Ok(true),
            Err(error) => return Err(error),
        }
        self.delete_collection(path).await?;
        Ok(true)
    }

    /// Moves an object into a folder that is made if it is not there.
    pub async fn move_to(&self, from: &RemotePath, to: &RemotePath, overwrite: Overwrite) -> Result<()> {
        let Some(folder) = to.parent() else { return self.rename(from, to, overwrite).await };
        self.mkcol_all(&folder).await?;
        match self.rename(from, to, overwrite).await {
            // A folder that we remember may be gone: Apache says 500 then, rclone 403, wsgidav 409.
            Err(
                Error::NotFound { .. }
                | Error::Conflict { .. }
                | Error::Denied { status: 403, .. }
                | Error::Unavailable { status: 500, .. },
            ) => {
                self.forget_folders_of(to);
                self.mkcol_all(&folder).await?;
                self.rename(from, to, overwrite).await
            }
            outcome => outcome,
        }
    }

    /// What went wrong with an object may be that a folder is gone which is remembered: the next request asks.
    pub(crate) fn forget_folders_of(&self, object: &RemotePath) {
        let mut above = object.parent();
        while let Some(folder) = above {
            self.made().remove(&folder);
            above = folder.parent();
        }
    }

    fn made(&self) -> MutexGuard<'_, HashSet<RemotePath>> {
        self.made.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
