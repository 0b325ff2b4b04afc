//! What is tried again while the other side is away for a moment: a result of minutes is not thrown away for a restart.

use super::{Bench, JobError, SourceError};
use std::time::Duration;

/// Tries. The pauses between them last two minutes, as a lease does: what is away for longer has lost it.
const TRIES: u32 = 9;
/// The longest pause.
const LONGEST: Duration = Duration::from_secs(30);

/// What `tell` gives, after as many tries as it takes. A lost lease and a refusal are told at once.
pub(super) async fn again<T, F>(bench: &Bench, tell: impl Fn() -> F) -> Result<T, JobError>
where
    F: Future<Output = Result<T, SourceError>>,
{
    for tried in 1..TRIES {
        let asked = match tell().await {
            Err(SourceError::Unavailable { what, retry_after }) => {
                tracing::warn!(error = what, tried, "tried again");
                retry_after
            }
            done => return Ok(done?),
        };
        let pause = asked.unwrap_or(Duration::from_millis(500 << tried)).min(LONGEST);
        tokio::select! {
            () = bench.stop.cancelled() => return Err(JobError::Stopped),
            () = tokio::time::sleep(pause) => {}
        }
    }
    Ok(tell().await?)
}
