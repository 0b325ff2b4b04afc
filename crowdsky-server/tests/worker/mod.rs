//! Workers over a source that does as it is told, and over a server that is slow, full, or somewhere else.

mod remote;
mod source;
mod stopping;

use crowdsky_server::jobs::Task;
use crowdsky_server::store::{JobId, JobKind};
use crowdsky_server::worker::Plan;
use std::time::Duration;

fn task(id: i64, kind: JobKind) -> Task {
    Task {
        id: JobId(id),
        kind,
        token: "hush".repeat(8),
        epoch: 1,
        attempt: 1,
        chunk_key: "20250115.78_83.6_+22.0".to_owned(),
        object: Some("M 31".to_owned()),
        heartbeat_every: Duration::from_secs(30),
    }
}

fn plan() -> Plan {
    Plan {
        jobs: 1,
        threads: 1,
        scratch: None,
        backoff_cap: Duration::from_secs(60),
        once: false,
        drain: Duration::from_secs(30),
    }
}

#[test]
fn u35_the_token_of_a_lease_is_not_printed() {
    let printed = format!("{:?}", task(7, JobKind::Noop));
    assert!(printed.contains("M 31") && !printed.contains("hush"), "{printed}");
}
