//! What changes, told to whoever watches.

use crate::config::Settings;
use crate::storage::Blobs;
use crate::store::Store;
use std::sync::Arc;

/// What changes, told to whoever watches.
#[derive(Debug, Clone)]
#[allow(dead_code)]
pub struct Events {
    store: Arc<dyn Store>,
    blobs: Blobs,
    settings: Arc<Settings>,
}

impl Events {
    /// The service over these rows and bytes.
    pub fn new(store: Arc<dyn Store>, blobs: Blobs, settings: Arc<Settings>) -> Events {
        Events { store, blobs, settings }
    }
}
