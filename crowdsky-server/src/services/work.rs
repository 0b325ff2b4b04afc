//! Claim, hand out frames, take delivery, verify, fail.

use crate::config::Settings;
use crate::storage::Blobs;
use crate::store::Store;
use std::sync::Arc;

/// Claim, hand out frames, take delivery, verify, fail.
#[derive(Debug, Clone)]
#[allow(dead_code)]
pub struct Work {
    store: Arc<dyn Store>,
    blobs: Blobs,
    settings: Arc<Settings>,
}

impl Work {
    /// The service over these rows and bytes.
    pub fn new(store: Arc<dyn Store>, blobs: Blobs, settings: Arc<Settings>) -> Work {
        Work { store, blobs, settings }
    }
}
