//! What only several connections can show: one of them is in the middle of a transaction, by hand, while the store works.

use super::stage::{AT_ONCE, LONG, Stage};
use crate::support::mariadb::Mariadb;
use crate::support::wire::{COMMIT, Wire};
use crowdsky_server::store::{Error, Failure};
use sqlx::{AssertSqlSafe, Connection, MySqlConnection, raw_sql};
use std::time::Duration;

/// Long enough for the store to come as far as it can.
const A_WHILE: Duration = Duration::from_millis(700);
/// Too short for a statement that waits for a lock: it gives up after 5 s, and is tried eight times.
const NO_WAIT: Duration = Duration::from_secs(20);

/// A transaction by hand.
struct Hand(MySqlConnection);

impl Hand {
    async fn begin(stage: &Stage) -> Hand {
        let mut hand = Hand(MySqlConnection::connect(&stage.url).await.unwrap());
        hand.says("SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED; BEGIN").await;
        hand
    }

    async fn says(&mut self, sql: &str) {
        raw_sql(AssertSqlSafe(sql.to_owned())).execute(&mut self.0).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn others_in_the_middle_of_something() {
    let server = Mariadb::start();
    u32_an_upload_is_charged_while_its_user_is_erased(Stage::new(&server.url("erased")).await).await;
    i7_bytes_are_charged_while_storage_is_counted(Stage::new(&server.url("counted")).await).await;
    records_are_forgotten_while_jobs_run(Stage::new(&server.url("forgotten")).await).await;
    a_connection_that_breaks_is_one_to_wait_for(&server).await;
}

async fn u32_an_upload_is_charged_while_its_user_is_erased(stage: Stage) {
    let user = stage.user("ada").await;
    let upload = stage.upload(&user).await;
    let (id, session) = (user.id, upload.id);
    // What `add_file` does, up to its commit.
    let mut hand = Hand::begin(&stage).await;
    hand.says(&format!("SELECT id FROM upload_sessions WHERE id = {session} FOR UPDATE")).await;
    hand.says(&format!("UPDATE users SET storage_used = storage_used + 7 WHERE id = {id}")).await;
    hand.says(&format!(
        "INSERT INTO raw_files (upload_session_id, user_id, filename, storage_key, size, sha256, meta, is_deleted, \
         created_at) VALUES ({session}, {id}, 'a.fit', 'raws/late', 7, 'x', '{{}}', FALSE, 0)"
    ))
    .await;
    let store = stage.store.clone();
    let erased = tokio::spawn(async move { store.erase_user(id).await });
    tokio::time::sleep(A_WHILE).await;
    hand.says("COMMIT").await;
    erased.await.unwrap().unwrap();
    let doomed = stage.store.doomed(10, LONG).await.unwrap();
    assert_eq!(doomed.iter().map(|item| item.key.as_str()).collect::<Vec<_>>(), ["raws/late"]);
    stage.rules_hold().await;
}

async fn i7_bytes_are_charged_while_storage_is_counted(stage: Stage) {
    let user = stage.user("ada").await;
    let upload = stage.upload(&user).await;
    let (id, session) = (user.id, upload.id);
    stage.by_hand("UPDATE users SET storage_used = 5").await;
    let mut hand = Hand::begin(&stage).await;
    hand.says(&format!("UPDATE users SET storage_used = storage_used + 7 WHERE id = {id}")).await;
    hand.says(&format!(
        "INSERT INTO raw_files (upload_session_id, user_id, filename, storage_key, size, sha256, meta, is_deleted, \
         created_at) VALUES ({session}, {id}, 'a.fit', 'raws/late', 7, 'x', '{{}}', FALSE, 0)"
    ))
    .await;
    let store = stage.store.clone();
    let counted = tokio::spawn(async move { store.recount_storage().await });
    tokio::time::sleep(A_WHILE).await;
    hand.says("COMMIT").await;
    assert_eq!(counted.await.unwrap().unwrap(), 1);
    assert_eq!(stage.used(&user).await, 7);
}

async fn records_are_forgotten_while_jobs_run(stage: Stage) {
    let user = stage.user("ada").await;
    let (_, deleted) = stage.queued(&user, 2).await;
    let first = stage.claim("w", LONG).await.unwrap();
    assert_eq!(first.id, deleted);
    stage.store.delete_job(user.id, deleted, Duration::ZERO).await.unwrap();
    let (_, running) = stage.queued(&user, 2).await;
    stage.claim("w", LONG).await.unwrap();
    let mut hand = Hand::begin(&stage).await;
    hand.says(&format!("SELECT * FROM job_attempts WHERE job_id = {running} FOR UPDATE")).await;
    hand.says(&format!("SELECT * FROM raw_files WHERE job_id = {running} FOR UPDATE")).await;
    hand.says(&format!("SELECT * FROM stacking_jobs WHERE id = {running} FOR UPDATE")).await;
    let pruned = tokio::time::timeout(NO_WAIT, stage.store.prune(Duration::ZERO)).await;
    assert_eq!(pruned.expect("it waits for what runs").unwrap(), 4, "the job, its attempt, its two frames");
    let eve = stage.user("eve").await;
    let erased = tokio::time::timeout(NO_WAIT, stage.store.erase_user(eve.id)).await;
    erased.expect("another's jobs are none of its business").unwrap();
}

/// A database that restarts: reads say so as writes do, and what is asked next is answered.
async fn a_connection_that_breaks_is_one_to_wait_for(server: &Mariadb) {
    let wire = Wire::to(server.port()).await;
    // The name is made.
    server.url("breaks");
    let stage = Stage::new(&server.url_at("breaks", wire.port)).await;
    let user = stage.user("ada").await;
    wire.break_after("stacked_frames");
    let read = stage.store.stacked_objects(user.id).await;
    assert!(matches!(read, Err(Error::Unavailable { .. })), "{read:?}");
    assert_eq!(stage.store.stacked_objects(user.id).await.unwrap(), []);
    let (_, id) = stage.queued(&user, 1).await;
    let job = stage.claim("w", LONG).await.unwrap();
    wire.break_after(COMMIT);
    let failure = Failure { code: "x".to_owned(), message: "x".to_owned(), retry: true };
    let token = super::stage::token(&job);
    let failed = stage.store.fail(id, token, &failure, &AT_ONCE).await;
    assert!(matches!(failed, Err(Error::Unavailable { .. })), "{failed:?}");
    // It was committed, and the replay says so.
    stage.store.fail(id, token, &failure, &AT_ONCE).await.unwrap();
    stage.rules_hold().await;
}
