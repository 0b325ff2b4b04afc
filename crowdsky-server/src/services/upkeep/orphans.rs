//! Objects that no row knows, old enough to belong to no upload that runs.
//!
//! Leftovers go by themselves: what was staged and never verified, and parts of objects. Anything else may be data whose rows
//! are lost, as when an older database was restored: it is counted and told, and only `fsck --fix` deletes it.

use super::super::Result;
use super::Upkeep;
use crate::objects::Role;
use crate::storage::{self, BlobKey, Listed, is_leftover, role_of};
use futures_util::{Stream, StreamExt};
use std::time::{Duration, SystemTime};

/// What a sweep found.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Swept {
    /// Leftovers put on the list of deletes.
    pub leftovers: i64,
    /// Orphans that stay until somebody decides.
    pub orphans: i64,
}

impl Upkeep {
    /// Puts leftovers on the list of deletes; counts the other orphans, and deletes none of them.
    pub async fn sweep(&self) -> Result<Swept> {
        let mut swept = Swept::default();
        for role in [Role::Raws, Role::Stacks] {
            let mut orphans = std::pin::pin!(self.orphans(role).await?);
            let mut found = 0;
            while let Some(orphan) = orphans.next().await {
                let key = orphan?.key;
                if is_leftover(&key) && BlobKey::parse(&key).is_ok() {
                    self.store.doom(role, &key, "orphan", Duration::ZERO).await?;
                    swept.leftovers += 1;
                } else {
                    tracing::debug!(%role, key, "no row knows this object");
                    found += 1;
                }
            }
            metrics::gauge!("crowdsky_orphans", "storage" => role.as_str()).set(found as f64);
            if found > 0 {
                tracing::warn!(%role, found, "objects that no row knows: see crowdsky fsck");
            }
            swept.orphans += found;
        }
        Ok(swept)
    }

    /// The orphans of a role, leftovers among them.
    pub(super) async fn orphans(&self, role: Role) -> Result<impl Stream<Item = Result<Listed>> + Send + '_> {
        let objects = self.blobs.of(role).list().await?;
        Ok(objects.filter_map(move |object| async move { self.orphan(role, object).await.transpose() }))
    }

    async fn orphan(&self, role: Role, object: storage::Result<Listed>) -> Result<Option<Listed>> {
        let object = object?;
        let age = self.settings.upkeep.orphan_age_s.duration();
        let old = object.modified.and_then(|time| SystemTime::now().duration_since(time).ok());
        // A young one may be an upload whose row comes next; without a time nobody can say.
        if role_of(&object.key) != Some(role) || old.is_none_or(|old| old < age) {
            return Ok(None);
        }
        Ok((!self.store.is_known(role, &object.key).await?).then_some(object))
    }
}
