//! The server is killed in the middle of uploads, of finalising, of completion: nothing acknowledged is lost.

use super::nights::{self, Folder};
use super::places::{Bytes, Places, Rows};
use super::server::Server;
use super::user::{User, sha256};
use crate::harness::Bench;
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// Deletes wait for a day, so every raw frame is still there to be compared; leases are short, so that jobs of a killed
/// server come back within seconds.
const SETTINGS: &str =
    "[jobs]\nlease_s = 3\nheartbeat_s = 0.5\nreap_every_s = 0.5\nbackoff_first_s = 0.1\nmax_attempts = 20\n";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sqlite_and_local_files() {
    killed_again_and_again(Places::new(Rows::Sqlite, Bytes::Local).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mariadb_and_apache() {
    killed_again_and_again(Places::new(Rows::Mariadb, Bytes::Apache).await).await;
}

/// Where the server is now; it moves with every start.
#[derive(Debug, Clone)]
struct Address(Arc<Mutex<String>>);

impl Address {
    fn get(&self) -> String {
        self.0.lock().unwrap().clone()
    }
}

async fn killed_again_and_again(places: Places) {
    let bench = Bench::new();
    let folder = nights::simulated(&bench.path("."), "M 31", 31, 10.68, 41.27);
    let mut server = Server::start(&places, SETTINGS);
    let address = Address(Arc::new(Mutex::new(server.url.clone())));
    let user = User::register(&server.url, "ada").await;
    // Whose raws stay after stacking: so the whole ledger can be compared at the end.
    assert!(server.role(&["user", "tier", "ada", "raw"]).status.success());
    let session = user.open().await;

    // Uploads, with a kill every half second or so while they run.
    let ledger: Arc<Mutex<BTreeSet<String>>> = Arc::default();
    let uploads = tokio::spawn(upload_all(
        user.clone(),
        address.clone(),
        session.clone(),
        folder.clone(),
        ledger.clone(),
    ));
    for pause in [150, 320, 90, 410] {
        tokio::time::sleep(Duration::from_millis(pause)).await;
        restart(&mut server, &address);
    }
    uploads.await.unwrap();
    let acknowledged = ledger.lock().unwrap().clone();
    assert_eq!(acknowledged.len(), folder.frames.len(), "every file was acknowledged in the end");

    // Finalising, killed at several moments; the answer is the same whenever it comes.
    for pause in [0, 3, 10, 30] {
        let asking = tokio::spawn({
            let (user, session) = (user.at(&server.url), session.clone());
            async move { user.finalise(&session).await }
        });
        tokio::time::sleep(Duration::from_millis(pause)).await;
        restart(&mut server, &address);
        // Killed or answered: both may be.
        let _ = asking.await;
    }
    let planned = user.at(&server.url).finalise(&session).await.unwrap();
    let again = user.at(&server.url).finalise(&session).await.unwrap();
    assert_eq!(planned["jobs"], again["jobs"], "a replay gives the same answer");
    assert_eq!(planned["jobs"].as_array().map(Vec::len), Some(1), "{planned}");

    // Stacking and completion by the embedded worker, killed on the way.
    for pause in [300, 700, 1100, 1500] {
        tokio::time::sleep(Duration::from_millis(pause)).await;
        restart(&mut server, &address);
    }
    let stacks = user.at(&server.url).wait_for_stacks(1, Duration::from_secs(120)).await;
    assert_eq!(stacks.len(), 1, "one job, one stack: {stacks:?}");
    assert_eq!(stacks[0]["n_frames_input"], folder.frames.len());

    let (status, report) = server.fsck();
    assert_eq!(status, 0, "{report:#}\n{}", server.log_tail());
    let stored = report["raws"].as_array().unwrap().iter().map(|raw| raw.as_str().unwrap().to_owned());
    assert_eq!(stored.collect::<BTreeSet<_>>(), acknowledged, "the client's ledger is the server's");
}

fn restart(server: &mut Server, address: &Address) {
    server.kill_and_restart();
    *address.0.lock().unwrap() = server.url.clone();
}

/// Sends every file, three at a time, until it is acknowledged; writes down what was.
async fn upload_all(
    user: User,
    address: Address,
    session: String,
    folder: Folder,
    ledger: Arc<Mutex<BTreeSet<String>>>,
) {
    let lanes = (0..3).map(|lane| {
        let (user, address, session, folder, ledger) =
            (user.clone(), address.clone(), session.clone(), folder.clone(), ledger.clone());
        tokio::spawn(async move {
            for k in (lane..folder.frames.len()).step_by(3) {
                let (name, bytes) = folder.frame(k);
                loop {
                    match user.at(&address.get()).put(&session, &name, &bytes).await {
                        Ok(status) if status.is_success() => break,
                        // No answer, or an answer of a server on its way down: again.
                        _ => tokio::time::sleep(Duration::from_millis(50)).await,
                    }
                }
                ledger.lock().unwrap().insert(sha256(&bytes));
                // So that the uploads outlast the kills.
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        })
    });
    for lane in lanes.collect::<Vec<_>>() {
        lane.await.unwrap();
    }
}
