//! Frames that a user has sent before, in another session.

use super::Db;
use super::common::{Conn, get};
use super::uploads::BATCH;
use crate::store::{Earlier, Result, UploadId, UserId};
use sqlx::QueryBuilder;
use std::collections::BTreeMap;

/// What was left out of every job has none; the jobs that failed or were cancelled have no stack and will have none by
/// themselves. A stack that is deleted takes its job with it.
const START: &str = "SELECT raw_files.sha256 AS sha256, upload_sessions.token AS token, stacked_frames.id AS stack_id \
     FROM raw_files JOIN upload_sessions ON upload_sessions.id = raw_files.upload_session_id \
     JOIN stacking_jobs ON stacking_jobs.id = raw_files.job_id \
     LEFT JOIN stacked_frames ON stacked_frames.job_id = stacking_jobs.id \
     WHERE upload_sessions.state = 'complete' \
     AND (stacked_frames.id IS NOT NULL OR stacking_jobs.state IN ('ready', 'processing', 'verifying')) \
     AND raw_files.user_id = ";

/// Of these hashes, those that the user has sent in another session than `besides`: each once.
pub(super) async fn earlier(
    connection: &mut Conn,
    user: UserId,
    besides: UploadId,
    sha256: &[String],
) -> Result<Vec<Earlier>> {
    let mut found = BTreeMap::new();
    for batch in sha256.chunks(BATCH) {
        let mut sql = QueryBuilder::<Db>::new(START);
        sql.push_bind(user).push(" AND raw_files.upload_session_id <> ").push_bind(besides);
        let mut list = sql.push(" AND raw_files.sha256 IN (").separated(", ");
        for hash in batch {
            list.push_bind(hash);
        }
        // The last of each hash stays: one with a stack before one whose job waits, then the latest.
        list.push_unseparated(") ORDER BY stacked_frames.id IS NOT NULL, raw_files.id");
        for row in sql.build().fetch_all(&mut *connection).await? {
            let sha256: String = get(&row, "sha256")?;
            let earlier = Earlier {
                sha256: sha256.clone(),
                session: get(&row, "token")?,
                stack: get(&row, "stack_id")?,
            };
            found.insert(sha256, earlier);
        }
    }
    Ok(found.into_values().collect())
}
