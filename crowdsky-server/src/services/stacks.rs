//! Find, open, delete stacks. Whose they are is part of every question, so nobody sees another's.

use super::audit::Audit;
use super::{Error, Result};
use crate::config::Settings;
use crate::objects::StoredObject;
use crate::storage::{Blob, BlobKey, Blobs};
use crate::store::{Stack, StackId, StackQuery, Store, UserId};
use std::ops::Range;
use std::sync::Arc;

/// Find, open, delete stacks.
#[derive(Debug, Clone)]
pub struct Stacks {
    store: Arc<dyn Store>,
    blobs: Blobs,
    settings: Arc<Settings>,
    audit: Audit,
}

/// Some of a user's stacks.
#[derive(Debug)]
pub struct StackPage {
    /// Latest observation first.
    pub stacks: Vec<Stack>,
    /// How many there are on all pages.
    pub total: i64,
}

impl Stacks {
    /// The service over these rows and bytes.
    pub fn new(store: Arc<dyn Store>, blobs: Blobs, settings: Arc<Settings>) -> Stacks {
        Stacks { audit: Audit::new(store.clone()), store, blobs, settings }
    }

    /// At most `limit` of the user's stacks after `offset`; 0 for all.
    ///
    /// # Errors
    /// What the database says.
    pub async fn list(
        &self,
        user: UserId,
        object: Option<&str>,
        limit: i64,
        offset: i64,
    ) -> Result<StackPage> {
        let query = StackQuery { object: object.map(str::to_owned), limit, offset };
        let stacks = self.store.stacks(user, &query).await?;
        let all_here = limit == 0 || (offset == 0 && i64::try_from(stacks.len()).is_ok_and(|n| n < limit));
        let total = if all_here {
            i64::try_from(stacks.len()).unwrap_or(i64::MAX)
        } else {
            self.store.count_stacks(user, &query).await?
        };
        Ok(StackPage { stacks, total })
    }

    /// The user's objects and how many stacks each has, by name.
    ///
    /// # Errors
    /// What the database says.
    pub async fn objects(&self, user: UserId) -> Result<Vec<(String, i64)>> {
        Ok(self.store.stacked_objects(user).await?)
    }

    /// One stack.
    ///
    /// # Errors
    /// [`Error::NotFound`] if there is none of that number or it is another's.
    pub async fn one(&self, user: UserId, id: StackId) -> Result<Stack> {
        self.store.stack(user, id).await?.ok_or(Error::NotFound("stack"))
    }

    /// Opens a stored object of a stack, or a part of it. What it answers is known to be there, of the length that was
    /// verified: an answer can begin with 200 and mean it (U-27).
    ///
    /// # Errors
    /// [`Error::Storage`] if it is not there, [`Error::Internal`] if its length is not the one in the row.
    pub async fn open(&self, object: &StoredObject, range: Option<Range<u64>>) -> Result<Blob> {
        let key = BlobKey::parse(&object.key).map_err(crate::storage::Error::from)?;
        let blob = self.blobs.stacks.get(&key, range).await?;
        if i64::try_from(blob.size).ok() != Some(object.size) {
            let (size, key) = (blob.size, &object.key);
            return Err(Error::Internal(format!(
                "the object {key} has {size} bytes, and had {} when it was verified; run crowdsky fsck",
                object.size
            )));
        }
        Ok(blob)
    }

    /// Deletes a stack; its objects go when the grace time is over.
    ///
    /// # Errors
    /// [`Error::NotFound`] if there is none of that number or it is another's.
    pub async fn delete(&self, user: UserId, id: StackId) -> Result<()> {
        self.store.delete_stack(user, id, self.settings.upkeep.grace_s.duration()).await?;
        self.audit.note("stack_deleted", Some(user), format!("stack {id}")).await;
        Ok(())
    }
}
