//! One contract for every database: the same stories on SQLite and on MariaDB.

mod accounts;
mod jobs;
mod mariadb;
mod outbox;
mod queue;
mod stage;
mod uploads;

use crate::support::mariadb::Mariadb;
use crowdsky_server::config::Database;
use crowdsky_server::store::{Error, Store, connect};
use stage::Stage;
use std::path::Path;
use std::sync::Arc;

/// Runs every story on a fresh database each; `new` gives the address of the database of that name.
async fn stories(new: impl Fn(&str) -> String) {
    macro_rules! tell {
        ($($room:ident: $($story:ident)+;)+) => {
            $($(
                println!("{}::{}", stringify!($room), stringify!($story));
                $room::$story(Stage::new(&new(concat!(stringify!($room), "_", stringify!($story)))).await).await;
            )+)+
        };
    }
    tell! {
        accounts: u13_names_and_addresses_are_compared_without_case
            sessions_end_by_age_by_idleness_and_by_hand a_new_password_ends_other_sessions u12_failures_are_counted
            u35_rows_are_printed_without_their_secrets
            worker_tokens_come_and_go u32_an_erased_user_leaves_nothing;
        uploads: a_file_is_counted_once u05_same_name_other_content_keeps_both u20_quota_and_limits_are_enforced
            u07_finalising_twice_at_once_makes_each_job_once u07_a_file_that_arrives_meanwhile_is_noticed
            u34_five_thousand_files_in_one_question what_was_sent_before_is_known sessions_expire_and_their_objects_go;
        jobs: a_job_is_claimed_completed_and_replayed u01_a_lease_that_ends_gives_the_job_back
            u02_one_attempt_and_three_more u08_a_stalled_worker_changes_nothing a_released_attempt_does_not_count
            not_worth_another_attempt u26_a_deleted_job_tells_its_worker retry_begins_again
            u04_raws_go_only_with_the_stack u03_a_backlog_loses_no_raws u08_a_legacy_worker_is_known_by_its_token
            i6_a_failure_told_again_gets_the_same_answer a_delivery_that_ends_badly_leaves_nothing;
        queue: u33_the_clock_is_the_databases_and_utc u28_one_users_thousand_jobs_do_not_block_the_next
            u28_deleted_jobs_push_nobody_back none_twice_none_lost changes_are_seen;
        outbox: the_outbox_never_touches_what_is_live rules_hold_and_broken_ones_are_found
            u32_a_row_without_its_user_is_found what_is_over_is_forgotten;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn on_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    stories(|name| format!("sqlite:{}", folder.path().join(name).display())).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn on_mariadb() {
    let server = Mariadb::start();
    stories(|name| server.url(name)).await;
}

/// The two dialects have the same tables with the same columns, in the same order.
#[test]
fn both_dialects_have_one_logical_schema() {
    let words = |dialect: &str| {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations").join(dialect);
        let mut files: Vec<_> =
            std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        files.sort();
        let columns = |path: &std::path::PathBuf| {
            let text = std::fs::read_to_string(path).unwrap();
            let Some(table) = text.split("CREATE TABLE IF NOT EXISTS ").nth(1) else {
                // What comes after the tables are indexes; SQLite drops them without their table's name.
                return text.lines().map(|line| line.replace(" ON raw_files;", ";")).collect();
            };
            let body = table.split(");").next().unwrap().split(") ENGINE").next().unwrap();
            body.lines()
                .map(|line| line.trim().trim_end_matches(','))
                .filter(|line| !line.starts_with("KEY"))
                .map(|line| {
                    let null =
                        if line.contains("NOT NULL") || line.contains("PRIMARY") { "" } else { " NULL" };
                    let name = line.split_whitespace().next().unwrap_or_default();
                    if name == "UNIQUE" {
                        format!("UNIQUE ({}", line.split('(').nth(1).unwrap())
                    } else {
                        format!("{name}{null}")
                    }
                })
                .collect::<Vec<_>>()
        };
        files.iter().map(|file| (file.file_name().unwrap().to_owned(), columns(file))).collect::<Vec<_>>()
    };
    assert_eq!(words("sqlite"), words("mariadb"));
}

#[tokio::test]
async fn a_schema_that_is_not_ours_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&format!("sqlite:{}", folder.path().join("a.sqlite").display())).await;
    let Err(Error::Schema { found: 0, todo, .. }) = store.ready().await else {
        panic!("an empty database is not ready")
    };
    assert!(todo.contains("crowdsky migrate"));
    store.migrate().await.unwrap();
    store.migrate().await.unwrap();
    store.ready().await.unwrap();
}

#[tokio::test]
async fn an_address_that_names_no_database_is_told_without_its_password() {
    for url in ["postgres://u:hush@h/db", "mysql://u:hush@h:port/db", "nonsense"] {
        let settings = Database { url: Some(url.to_owned()), ..Database::default() };
        let error = connect(&settings, Path::new(".")).await.unwrap_err();
        let told = format!("{error} {error:?}");
        assert!(matches!(error, Error::Settings(_)) && !told.contains("hush"), "{told}");
    }
}

async fn open(url: &str) -> Arc<dyn Store> {
    let settings = Database { url: Some(url.to_owned()), ..Database::default() };
    connect(&settings, Path::new(".")).await.unwrap()
}
