//! What changes, told to whoever watches.
//!
//! One question a second goes to the database for each server, not for each listener; nobody listens, nobody asks. A row's
//! time is taken before its transaction commits, so each question looks back by [`OVERLAP`] and leaves out what was told.

use super::Result;
use crate::config::Settings;
use crate::storage::Blobs;
use crate::store::{Job, JobId, Micros, Store, UploadId, UserId};
use futures_util::{Stream, StreamExt};
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;

/// Between two questions.
const EVERY: Duration = Duration::from_secs(1);
/// How late a transaction may commit after it has taken its time; locks are waited for at most 5 s.
const OVERLAP: Duration = Duration::from_secs(10);
/// Changes read at once.
const BATCH: i64 = 1000;
/// Changes a listener may be behind before it is told to look afresh.
const BEHIND: usize = 4096;

/// What changes, told to whoever watches.
#[derive(Debug, Clone)]
pub struct Events {
    hub: Arc<Hub>,
}

/// What a listener hears.
#[derive(Debug, Clone)]
pub enum Event {
    /// A job has changed, or is told for the first time.
    Job(Arc<Job>),
    /// Too much has changed to be told one by one: look at the whole.
    Resync,
}

#[derive(Debug)]
struct Hub {
    store: Arc<dyn Store>,
    changes: broadcast::Sender<Event>,
    asking: AtomicBool,
}

impl Events {
    /// The service over these rows.
    pub fn new(store: Arc<dyn Store>, _blobs: Blobs, _settings: Arc<Settings>) -> Events {
        let changes = broadcast::Sender::new(BEHIND);
        Events { hub: Arc::new(Hub { store, changes, asking: AtomicBool::new(false) }) }
    }

    /// The changes of a user's jobs from now on, of one session if `upload` is given; before them, those since `since`
    /// (a session's jobs as they are, if `since` is not given).
    ///
    /// # Errors
    /// What the database says.
    pub async fn watch(
        &self,
        user: UserId,
        upload: Option<UploadId>,
        since: Option<Micros>,
    ) -> Result<impl Stream<Item = Event> + Send + use<>> {
        // Listen first, look then: what changes between the two is told twice rather than never.
        let live = self.hub.changes.subscribe();
        self.hub.clone().ask().await?;
        let first = match (upload, since) {
            (Some(upload), _) => {
                let jobs = self.hub.store.jobs_of_upload(user, upload).await?;
                jobs.into_iter()
                    .filter(|job| since.is_none_or(|since| job.updated_at >= since.minus(OVERLAP)))
                    .map(|job| Event::Job(Arc::new(job)))
                    .collect()
            }
            (None, Some(since)) => self.missed(user, since.minus(OVERLAP)).await?,
            (None, None) => Vec::new(),
        };
        let live = heard(live).filter(move |event| {
            let wanted = match event {
                Event::Job(job) => job.user_id == user && upload.is_none_or(|upload| upload == job.upload_id),
                Event::Resync => true,
            };
            std::future::ready(wanted)
        });
        Ok(futures_util::stream::iter(first).chain(live))
    }

    async fn missed(&self, user: UserId, since: Micros) -> Result<Vec<Event>> {
        let jobs = self.hub.store.jobs_changed(since, BATCH).await?;
        if i64::try_from(jobs.len()).is_ok_and(|n| n >= BATCH) {
            return Ok(vec![Event::Resync]);
        }
        Ok(jobs.into_iter().filter(|job| job.user_id == user).map(|job| Event::Job(Arc::new(job))).collect())
    }
}

/// What is told, as a stream; who was too slow hears so.
fn heard(receiver: broadcast::Receiver<Event>) -> impl Stream<Item = Event> {
    futures_util::stream::unfold(receiver, |mut receiver| async move {
        match receiver.recv().await {
            Ok(event) => Some((event, receiver)),
            Err(RecvError::Lagged(_)) => Some((Event::Resync, receiver)),
            Err(RecvError::Closed) => None,
        }
    })
}

impl Hub {
    /// Begins to ask, unless someone does.
    async fn ask(self: Arc<Hub>) -> Result<()> {
        if self.asking.swap(true, Ordering::SeqCst) {
            return Ok(());
        }
        let now = match self.store.now().await {
            Ok(now) => now,
            Err(error) => {
                self.asking.store(false, Ordering::SeqCst);
                return Err(error.into());
            }
        };
        tokio::spawn(poll(Arc::downgrade(&self), now));
        Ok(())
    }
}

/// Asks until nobody listens. It holds the hub only while it asks, so that a server that ends is not kept alive by it.
async fn poll(hub: Weak<Hub>, mut latest: Micros) {
    let mut told: HashMap<JobId, Micros> = HashMap::new();
    loop {
        let Some(hub) = hub.upgrade() else { return };
        if hub.changes.receiver_count() == 0 {
            hub.asking.store(false, Ordering::SeqCst);
            // A listener that came between the two lines found someone asking: ask on for them.
            if hub.changes.receiver_count() == 0 || hub.asking.swap(true, Ordering::SeqCst) {
                return;
            }
        }
        match hub.store.jobs_changed(latest.minus(OVERLAP), BATCH).await {
            Ok(jobs) => {
                let full = i64::try_from(jobs.len()).is_ok_and(|n| n >= BATCH);
                for job in jobs {
                    latest = latest.max(job.updated_at);
                    if told.insert(job.id, job.updated_at) != Some(job.updated_at) {
                        // An error says that the last listener has just gone.
                        let _ = hub.changes.send(Event::Job(Arc::new(job)));
                    }
                }
                if full {
                    // More than a batch within the overlap: the same batch would come for ever.
                    if let Ok(now) = hub.store.now().await {
                        latest = latest.max(now);
                    }
                    let _ = hub.changes.send(Event::Resync);
                }
                told.retain(|_, at| *at >= latest.minus(OVERLAP));
            }
            Err(error) => tracing::warn!(%error, "events: the changes of jobs could not be read"),
        }
        drop(hub);
        tokio::time::sleep(EVERY).await;
    }
}
