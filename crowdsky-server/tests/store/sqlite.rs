//! The suite on SQLite, and what only SQLite has.

use super::world::*;
use crowdsky_server::store::sqlite::SqlStore;
use std::sync::Arc;

#[tokio::test]
async fn smoke() {
    let folder = tempfile::tempdir().unwrap();
    let db: Db = Arc::new(SqlStore::open(&folder.path().join("crowdsky.sqlite")).await.unwrap());
    assert!(db.ready().await.is_err());
    db.migrate().await.unwrap();
    db.migrate().await.unwrap();
    db.ready().await.unwrap();
    let anna = user(&db, "Anna").await;
    let id = job(&db, &anna).await;
    assert_eq!(used(&db, &anna).await, 3_000);
    let (job, token) = claim(&db, LEASE).await;
    assert_eq!(job.id, id);
    assert_eq!(db.job_files(id).await.unwrap().len(), 3);
    db.start_verifying(id, &token, LEASE).await.unwrap();
    let done = db.complete(id, &token, Some(&new_stack()), GRACE).await.unwrap();
    assert!(done.stack.is_some() && !done.replay);
    assert_eq!(used(&db, &anna).await, 550);
    check(&db).await;
    db.close().await;
}
