//! Open a session, accept a frame, finalise into jobs.

use crate::config::Settings;
use crate::storage::Blobs;
use crate::store::Store;
use std::sync::Arc;

/// Open a session, accept a frame, finalise into jobs.
#[derive(Debug, Clone)]
#[allow(dead_code)]
pub struct Uploads {
    store: Arc<dyn Store>,
    blobs: Blobs,
    settings: Arc<Settings>,
}

impl Uploads {
    /// The service over these rows and bytes.
    pub fn new(store: Arc<dyn Store>, blobs: Blobs, settings: Arc<Settings>) -> Uploads {
        Uploads { store, blobs, settings }
    }
}
