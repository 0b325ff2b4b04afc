//! Rows nobody needs any more, some at a time: first their numbers, passing over those that others hold, then the rows by
//! number. A DELETE that looks for its rows itself locks all that it looks at: every attempt at every job that runs.

use super::Db;
use super::common::{Conn, delete_by_id};
use crate::store::{Micros, Result};
use sqlx::query_scalar;

/// Rows of each kind that one transaction takes.
pub(super) const SOME: i64 = 200;

/// Forgets some of what was over `before`; says how many rows.
pub(super) async fn some(tx: &mut Conn, before: Micros) -> Result<u64> {
    let mut gone = 0;
    for (find, delete) in [
        (
            concat!("SELECT id FROM sessions WHERE expires_at <= ? LIMIT ?", skip_locked!()),
            "DELETE FROM sessions WHERE id IN (",
        ),
        (
            concat!("SELECT id FROM login_failures WHERE failed_at <= ? LIMIT ?", skip_locked!()),
            "DELETE FROM login_failures WHERE id IN (",
        ),
    ] {
        let ids: Vec<i64> = query_scalar::<Db, i64>(find).bind(before).bind(SOME).fetch_all(&mut *tx).await?;
        gone += delete_by_id(&mut *tx, delete, &ids).await?;
    }
    let find = concat!(
        "SELECT id FROM stacking_jobs WHERE state = 'cancelled' AND updated_at <= ? LIMIT ?",
        skip_locked!()
    );
    let jobs: Vec<i64> = query_scalar::<Db, i64>(find).bind(before).bind(SOME).fetch_all(&mut *tx).await?;
    for (find, delete) in [
        ("SELECT id FROM job_attempts WHERE job_id = ?", "DELETE FROM job_attempts WHERE id IN ("),
        ("SELECT id FROM raw_files WHERE job_id = ? AND is_deleted", "DELETE FROM raw_files WHERE id IN ("),
    ] {
        for job in &jobs {
            let ids: Vec<i64> = query_scalar::<Db, i64>(find).bind(job).fetch_all(&mut *tx).await?;
            gone += delete_by_id(&mut *tx, delete, &ids).await?;
        }
    }
    gone += delete_by_id(tx, "DELETE FROM stacking_jobs WHERE id IN (", &jobs).await?;
    Ok(gone)
}
