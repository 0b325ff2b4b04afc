//! The services over storages and databases in which something goes wrong.

mod deliver;
mod upkeep;
mod uploads;

use crate::support::app::TestApp;
use crowdsky_server::config::{Seconds, Settings};
use crowdsky_server::store::{Claim, JobId};
use std::time::Duration;

/// Leases are looked at every 2 s, a third of what they last, and every object is old enough to be an orphan.
fn settings() -> Settings {
    let mut settings = Settings::default();
    settings.accounts.bcrypt_cost = 4;
    // One of a second is lost by a test that gets no processor for as long.
    settings.jobs.lease_s = Seconds::new(6);
    settings.upkeep.orphan_age_s = Seconds::new(0);
    settings
}

/// Leases the one job there is; its token.
async fn claim(server: &TestApp, job: JobId, lease: Duration) -> String {
    let backoff = server.app.settings.jobs.backoff();
    let claim = Claim { worker: "w".to_owned(), worker_id: None, n: 1, lease, legacy: false, backoff };
    let claimed = server.app.store.claim(&claim).await.unwrap().remove(0);
    assert_eq!(claimed.id, job);
    claimed.lease.unwrap().token
}
