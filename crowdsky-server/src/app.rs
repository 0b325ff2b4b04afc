//! The server's parts, put together once and handed to every request.

use crate::config::Settings;
use crate::services::{Accounts, Doorbell, Events, Jobs, Readiness, Stacks, Upkeep, Uploads, Work};
use crate::storage::Blobs;
use crate::store::Store;
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

/// All that a request, a worker or a janitor needs. Cheap to clone.
#[derive(Debug, Clone)]
pub struct App {
    /// The settings.
    pub settings: Arc<Settings>,
    /// The rows.
    pub store: Arc<dyn Store>,
    /// The bytes.
    pub blobs: Blobs,
    /// Register, sign in, sessions.
    pub accounts: Accounts,
    /// Open, accept, finalise.
    pub uploads: Uploads,
    /// Claim, deliver, fail.
    pub work: Work,
    /// A user's jobs: look, delete, try again.
    pub jobs: Jobs,
    /// Find, open, delete.
    pub stacks: Stacks,
    /// Expire, delete, check.
    pub upkeep: Upkeep,
    /// Whether it can serve.
    pub readiness: Readiness,
    /// What changes.
    pub events: Events,
    /// Cancelled when the server is to end.
    pub shutdown: CancellationToken,
}

impl App {
    /// Puts the parts together.
    pub fn new(settings: Settings, store: Arc<dyn Store>, blobs: Blobs) -> App {
        let settings = Arc::new(settings);
        let parts = || (store.clone(), blobs.clone(), settings.clone());
        let bell = Doorbell::default();
        macro_rules! service {
            ($service:ident $(, $more:expr)?) => {{
                let (store, blobs, settings) = parts();
                $service::new(store, blobs, settings $(, $more)?)
            }};
        }
        App {
            accounts: service!(Accounts),
            uploads: service!(Uploads, bell.clone()),
            work: service!(Work, bell.clone()),
            jobs: service!(Jobs, bell),
            stacks: service!(Stacks),
            upkeep: service!(Upkeep),
            readiness: service!(Readiness),
            events: service!(Events),
            shutdown: CancellationToken::new(),
            settings,
            store,
            blobs,
        }
    }
}
