//! Find, open, delete stacks.

use crate::config::Settings;
use crate::storage::Blobs;
use crate::store::Store;
use std::sync::Arc;

/// Find, open, delete stacks.
#[derive(Debug, Clone)]
#[allow(dead_code)]
pub struct Stacks {
    store: Arc<dyn Store>,
    blobs: Blobs,
    settings: Arc<Settings>,
}

impl Stacks {
    /// The service over these rows and bytes.
    pub fn new(store: Arc<dyn Store>, blobs: Blobs, settings: Arc<Settings>) -> Stacks {
        Stacks { store, blobs, settings }
    }
}
