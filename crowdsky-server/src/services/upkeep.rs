//! What has expired, what is to be deleted, whether all is there.

use crate::config::Settings;
use crate::storage::Blobs;
use crate::store::Store;
use std::sync::Arc;

/// What has expired, what is to be deleted, whether all is there.
#[derive(Debug, Clone)]
#[allow(dead_code)]
pub struct Upkeep {
    store: Arc<dyn Store>,
    blobs: Blobs,
    settings: Arc<Settings>,
}

impl Upkeep {
    /// The service over these rows and bytes.
    pub fn new(store: Arc<dyn Store>, blobs: Blobs, settings: Arc<Settings>) -> Upkeep {
        Upkeep { store, blobs, settings }
    }
}
