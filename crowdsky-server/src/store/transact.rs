//! One method, one transaction: begun, timed by the database's clock, committed; and tried again when the database says
//! that somebody else was in the way.

/// Runs `body` in a write transaction of `store`. `tx` is the transaction, `now` the database's clock when it began.
///
/// A deadlock or a lock that was waited for too long (1213, 1205 on MariaDB; BUSY on SQLite) is tried again: nothing of
/// the first try is left. After [`TRIES`](crate::store::transact::TRIES) of them it is [`Error::Unavailable`](crate::store::Error).
macro_rules! transact {
    ($store:expr, |$tx:ident, $now:ident| $body:block) => {{
        let mut tries = 0;
        loop {
            let done: $crate::store::Result<_> = async {
                #[allow(unused_mut)]
                let mut $tx = super::begin($store).await?;
                let $now = super::now(&mut *$tx).await?;
                let value: $crate::store::Result<_> = async { $body }.await;
                let value = value?;
                $tx.commit().await?;
                Ok((value, $now))
            }
            .await;
            match done {
                Ok((value, _)) => break Ok(value),
                Err($crate::store::Error::Unavailable { cause, .. }) if super::in_the_way(&cause) => {
                    tries += 1;
                    if tries == $crate::store::transact::TRIES {
                        break Err($crate::store::Error::unavailable(cause));
                    }
                    $crate::store::transact::pause(tries).await;
                }
                Err(error) => break Err(error),
            }
        }
    }};
}

use std::time::Duration;

/// Tries of a transaction. Eight, with pauses up to a fifth of a second, outlast 64 clients on one row.
pub(super) const TRIES: u32 = 8;

/// A pause before the next try: random, so that two that were in each other's way do not meet again.
pub(super) async fn pause(tries: u32) {
    let longest = 1u64 << (tries + 1).min(8);
    tokio::time::sleep(Duration::from_millis(random_below(longest))).await;
}

/// A random number below `bound`, good enough to spread pauses.
pub(super) fn random_below(bound: u64) -> u64 {
    let mut bytes = [0; 8];
    // Without randomness there is no spread, and nothing worse.
    let _ = getrandom::fill(&mut bytes);
    u64::from_le_bytes(bytes) % bound.max(1)
}
