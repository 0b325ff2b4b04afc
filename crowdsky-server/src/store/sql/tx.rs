//! Transactions, and when one is tried again.

use super::{Conn, Db, NOW, SqlStore, is_busy, is_lost};
use crate::store::{Error, Micros, Result};
use sqlx::Transaction;
use std::time::Duration;

/// A transaction, and the instant at which it takes place: the database is asked once.
pub(super) struct Tx {
    on: Transaction<'static, Db>,
    pub(super) now: Micros,
}

impl Tx {
    pub(super) async fn new(mut on: Transaction<'static, Db>) -> Result<Tx> {
        let now = sqlx::query_scalar::<Db, Micros>(NOW).fetch_one(&mut *on).await?;
        Ok(Tx { on, now })
    }

    /// What statements run on.
    pub(super) fn db(&mut self) -> &mut Conn {
        &mut self.on
    }

    pub(super) async fn commit(self) -> Result<()> {
        Ok(self.on.commit().await?)
    }
}

/// Runs `$work` in a transaction, again when the database says that it met another one: a deadlock or a lock waited for
/// too long (MariaDB 1213, 1205), a locked file (SQLite). Each step of `$work` must therefore change nothing but the database.
macro_rules! transact {
    ($store:expr, $tx:ident => $work:expr) => {
        transact!(@ $store, begin, $tx => $work)
    };
    (@ $store:expr, $begin:ident, $tx:ident => $work:expr) => {{
        let mut patience = super::tx::Patience::default();
        loop {
            let done = async {
                let mut $tx = $store.$begin().await?;
                let value = $work.await?;
                $tx.commit().await?;
                Ok::<_, crate::store::Error>(value)
            }
            .await;
            match done {
                Ok(value) => break Ok(value),
                Err(error) => match patience.wait(error).await {
                    None => continue,
                    Some(error) => break Err(error),
                },
            }
        }
    }};
}

/// The same for what only reads.
macro_rules! read {
    ($store:expr, $tx:ident => $work:expr) => {
        transact!(@ $store, begin_read, $tx => $work)
    };
}

/// How often a transaction has met another.
#[derive(Debug, Default)]
pub(super) struct Patience {
    tries: u32,
}

impl Patience {
    /// Six more tries, waiting up to 5, 10, 20, ... 160 ms: transactions last milliseconds, so the seventh meeting is no accident.
    const TRIES: u32 = 6;

    /// Waits and says nothing if the transaction is worth another try; else the error for the caller.
    pub(super) async fn wait(&mut self, error: Error) -> Option<Error> {
        let cause = match error {
            Error::Database(cause) => cause,
            other => return Some(other),
        };
        if is_busy(&cause) {
            if self.tries == Patience::TRIES {
                return Some(Error::Unavailable { retry_after: Duration::from_secs(2), cause });
            }
            let longest = Duration::from_millis(5 << self.tries);
            self.tries += 1;
            tokio::time::sleep(longest.mul_f64(random())).await;
            return None;
        }
        let lost = is_lost(&cause)
            || matches!(
                cause,
                sqlx::Error::Io(_)
                    | sqlx::Error::PoolTimedOut
                    | sqlx::Error::PoolClosed
                    | sqlx::Error::WorkerCrashed
            );
        Some(match lost {
            true => Error::Unavailable { retry_after: Duration::from_secs(5), cause },
            false => Error::Database(cause),
        })
    }
}

/// From 0 to 1. If the system has no randomness, all wait the same time, which is no harm.
pub(super) fn random() -> f64 {
    let mut bytes = [0; 4];
    match getrandom::fill(&mut bytes) {
        Ok(()) => f64::from(u32::from_le_bytes(bytes)) / f64::from(u32::MAX),
        Err(_) => 1.0,
    }
}

/// `?, ?, ?`: places for `n` values.
pub(super) fn places(n: usize) -> String {
    vec!["?"; n].join(", ")
}

/// Values in one statement: MariaDB takes 65,535, SQLite 32,766 (U-34).
pub(super) const BATCH: usize = 1_000;

impl SqlStore {
    /// A connection's answer to the simplest question.
    pub(super) async fn clock(&self) -> Result<Micros> {
        read!(self, tx => now(&mut tx))
    }
}

async fn now(tx: &mut Tx) -> Result<Micros> {
    Ok(tx.now)
}
