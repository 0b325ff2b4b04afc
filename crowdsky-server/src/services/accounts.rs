//! Register, sign in, sessions, passwords, worker tokens.

use crate::config::Settings;
use crate::storage::Blobs;
use crate::store::Store;
use std::sync::Arc;

/// Register, sign in, sessions, passwords, worker tokens.
#[derive(Debug, Clone)]
#[allow(dead_code)]
pub struct Accounts {
    store: Arc<dyn Store>,
    blobs: Blobs,
    settings: Arc<Settings>,
}

impl Accounts {
    /// The service over these rows and bytes.
    pub fn new(store: Arc<dyn Store>, blobs: Blobs, settings: Arc<Settings>) -> Accounts {
        Accounts { store, blobs, settings }
    }
}
