//! A worker of the original (`tests/compat/worker.py`) against a server and a WebDAV storage, each a process of its own.
//! PYTHON names an interpreter that has astropy; that there is none is a failure.

use super::places::{Bytes, Places, Rows};
use super::server::Server;
use super::user::{User, sha256};
use crate::harness::{Bench, small};
use std::collections::BTreeSet;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// No worker of its own, and an attempt follows the next at once.
const SETTINGS: &str = "[worker]\ncount = 0\n[jobs]\nbackoff_first_s = 0\n";

/// Runs the worker once; its exit status.
fn work(server: &str, token: &str, webdav: &str) -> i32 {
    let python = std::env::var_os("PYTHON").unwrap_or_else(|| "python3".into());
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/compat/worker.py");
    let mut child = Command::new(&python)
        .arg(script)
        .args([server, token, webdav])
        .stdin(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("{}: {error}", python.display()));
    let begin = Instant::now();
    while child.try_wait().unwrap().is_none() {
        if begin.elapsed() > Duration::from_secs(120) {
            child.kill().unwrap();
            panic!("the worker does not end");
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.is_empty(), "{}: {said}", python.display());
    output.status.code().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_originals_worker_does_a_job() {
    let places = Places::new(Rows::Sqlite, Bytes::Rclone).await;
    let webdav = places.dav_url().unwrap();
    let server = Server::start(&places, SETTINGS);
    let output = server.role(&["worker-token", "new", "attic"]);
    assert!(output.status.success());
    let token = String::from_utf8(output.stdout).unwrap().trim().to_owned();
    assert_eq!(work(&server.url, &token, &webdav), 1, "nothing to do");

    let bench = Bench::new();
    let night = small(4).object("Barnard's Loop").start("2026-03-01T22:00:05");
    let user = User::register(&server.url, "ada").await;
    let session = user.open().await;
    let mut hashes = BTreeSet::new();
    for path in bench.night("night", night) {
        let bytes = std::fs::read(&path).unwrap();
        let name = path.file_name().unwrap().to_str().unwrap();
        assert_eq!(user.put(&session, name, &bytes).await.unwrap(), 201);
        hashes.insert(sha256(&bytes));
    }
    let planned = user.finalise(&session).await.unwrap();
    let job = planned["jobs"][0]["id"].as_i64().unwrap();
    let frames_are_there = || {
        let (status, report) = server.fsck();
        assert_eq!((status, &report["outbox"]), (0, &serde_json::json!(0)), "{report:#}");
        let raws = report["raws"].as_array().unwrap().iter().map(|raw| raw.as_str().unwrap().to_owned());
        assert_eq!(raws.collect::<BTreeSet<_>>(), hashes);
    };
    frames_are_there();

    // The storage does not answer the worker: it fails the job, and another attempt is made.
    assert_eq!(work(&server.url, &token, "http://127.0.0.1:9"), 0);
    let story = user.get_json(&format!("/api/v1/jobs/{job}")).await;
    let attempt = &story["attempts"][0];
    assert_eq!((&attempt["worker"], &attempt["error_code"]), (&"worker-01".into(), &"worker_error".into()));
    assert!(attempt["error_message"].as_str().unwrap().contains("URLError"), "{story:#}");

    assert_eq!(work(&server.url, &token, &webdav), 0, "{}", server.log_tail());
    assert_eq!(work(&server.url, &token, &webdav), 1, "it was the only one");
    let stacks = user.get_json("/api/stacks_data.php").await;
    let [stack] = stacks.as_array().unwrap().as_slice() else { panic!("{stacks}\n{}", server.log_tail()) };
    assert_eq!((&stack["n_frames_input"], &stack["n_frames_aligned"]), (&4.into(), &4.into()));
    assert_eq!(stack["object_name"], "Barnard's Loop");
    assert_eq!(stack["date_obs_start"], "2026-03-01 22:00:05", "UTC, whatever the server's zone (U-33)");
    let story = user.get_json(&format!("/api/v1/jobs/{job}")).await;
    assert_eq!(story["job"]["status"], "completed", "{story:#}");
    let answer = user.get(&format!("/download.php?id={}", stack["id"])).await;
    assert_eq!(answer.status(), 200);
    let bytes = answer.bytes().await.unwrap();
    assert_eq!(serde_json::json!(bytes.len()), stack["file_size_bytes"]);
    assert!(bytes.starts_with(b"SIMPLE  =                    T"));
    let thumbnail = user.get(&format!("/thumbnail.php?id={}", stack["id"])).await.bytes().await.unwrap();
    assert!(thumbnail.starts_with(b"\x89PNG"));
    // Verified; the frames wait for the end of the grace time.
    let (status, report) = server.fsck();
    assert_eq!((status, &report["raws"]), (0, &serde_json::json!([])), "{report:#}");
    assert_eq!(server.terminate(), Some(0));
}
