//! From the settings to the two storages.

use super::{BlobStore, Blobs, LocalStore, Result, WebdavStore};
use crate::config::{Storage, StorageKind, StoragePlace};
use crate::objects::Role;
use std::path::Path;
use std::sync::Arc;

/// Opens both storages. Without a path, a local one is the folder `raws` or `stacks` in `data_dir`.
///
/// # Errors
/// [`super::Error::Refused`] for settings that name no storage, or a folder that cannot be used.
pub fn open(settings: &Storage, data_dir: &Path) -> Result<Blobs> {
    Ok(Blobs {
        raws: place(Role::Raws, &settings.raws, data_dir)?,
        stacks: place(Role::Stacks, &settings.stacks, data_dir)?,
    })
}

/// Opens one storage.
///
/// # Errors
/// As [`open`].
pub fn place(role: Role, place: &StoragePlace, data_dir: &Path) -> Result<Arc<dyn BlobStore>> {
    match place.kind {
        StorageKind::Local => {
            let folder = place.path.clone().unwrap_or_else(|| data_dir.join(role.as_str()));
            Ok(Arc::new(LocalStore::open(role, &folder, place.reserve_bytes)?))
        }
        StorageKind::Webdav => Ok(Arc::new(WebdavStore::open(role, place)?)),
    }
}
