//! What no method of the store does, done by hand to the rows of a SQLite database.

use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{ConnectOptions, raw_sql};
use std::path::Path;
use std::time::Duration;

/// A connection to the database in this folder of data.
pub(crate) async fn hand(data: &Path) -> SqliteConnection {
    let options = SqliteConnectOptions::new().filename(data.join("crowdsky.sqlite"));
    // Others write too, for milliseconds each; 20 s is more than a starved machine makes of that.
    options.busy_timeout(Duration::from_secs(20)).connect().await.unwrap()
}

/// Ends all leases there are, as if their time were over: a lease that is short enough to wait for is too short for a worker
/// that gets no processor for a second.
pub(crate) async fn end_leases(data: &Path) {
    let sql = "UPDATE stacking_jobs SET lease_expires_at = 0 WHERE lease_token IS NOT NULL";
    let ended = raw_sql(sql).execute(&mut hand(data).await).await.unwrap();
    assert!(ended.rows_affected() > 0, "no lease to end");
}
