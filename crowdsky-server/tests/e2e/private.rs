//! What a server keeps to itself: its folder, and every secret.

use super::places::{Bytes, Places, Rows};
use super::server::Server;
use super::user::User;
use crate::harness::Bench;
use crate::support::app::frame;
use reqwest::Method;

/// Nobody else on the machine enters the folder with the frames and the database (U-17).
#[cfg(unix)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn u17_the_data_folder_is_the_servers_alone() {
    use std::os::unix::fs::PermissionsExt;
    let places = Places::new(Rows::Sqlite, Bytes::Local).await;
    let server = Server::start(&places, "[worker]\ncount = 0\n");
    let user = User::register(&server.url, "ada").await;
    let session = user.open().await;
    assert_eq!(user.put(&session, "a.fit", &frame("M 42")).await.unwrap(), 201);
    let data = places.folder().join("data");
    for folder in [data.clone(), data.join("raws"), data.join("stacks")] {
        let mode = std::fs::metadata(&folder).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o700, "{}: {mode:o}", folder.display());
    }
    assert!(data.join("crowdsky.sqlite").exists());
}

/// The log of a server that tells all it can, after all that has to do with secrets (U-35).
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn u35_the_log_has_no_secrets() {
    let places = Places::new(Rows::Sqlite, Bytes::Local).await;
    let server = Server::start(
        &places,
        "[worker]\ncount = 0\n[log]\nfilter = \"crowdsky_server=trace,debug\"\nformat = \"json\"\n",
    );
    let user = User::register(&server.url, "ada").await;
    let session = user.open().await;
    assert_eq!(user.put(&session, "a.fit", &frame("M 42")).await.unwrap(), 201);
    user.finalise(&session).await.unwrap();
    let wrong = "not-the-password-of-ada";
    let csrf = user.secrets("ada")[1].clone();
    let form =
        [("csrf_token", &csrf[..]), ("form_action", "login"), ("username", "ada"), ("password", wrong)];
    user.request(Method::POST, "/login.php").form(&form).send().await.unwrap();
    let output = server.role(&["worker-token", "new", "attic"]);
    let worker = String::from_utf8(output.stdout).unwrap().trim().to_owned();
    let http = reqwest::Client::new();
    let ask = |path: &str| http.get(format!("{}{path}", server.url)).bearer_auth(&worker).send();
    let job: serde_json::Value = ask("/api/next_job.php").await.unwrap().json().await.unwrap();
    let lease = job["lease_token"].as_str().unwrap().to_owned();
    // Where it does not belong, too.
    assert_eq!(ask(&format!("/api/cleanup.php?key={worker}")).await.unwrap().status(), 200);
    let log = server.log();
    assert!(
        log.contains("/api/next_job.php") && log.contains("/login.php"),
        "the log tells of requests: {log}"
    );
    let secrets = user.secrets("ada").into_iter().chain([wrong.to_owned(), worker, lease, session]);
    for secret in secrets {
        assert!(secret.len() >= 12);
        let line = log.lines().find(|line| line.contains(&secret));
        assert_eq!(line, None, "{secret} is in the log");
    }
}

/// Settings with a secret in every place for one: not in what is printed, not in messages, not in `Debug` (U-35).
#[test]
fn u35_settings_are_shown_without_secrets() {
    let bench = Bench::new();
    let file = bench.path("config.toml");
    let good = r#"
        [database]
        url = "mysql://crowdsky:hush-1@127.0.0.1:3306/sky"
        password = "hush-2"
        [storage.raws]
        kind = "webdav"
        url = "https://cloud.example.org/s/hush-3"
        password = "hush-4"
        share_token = "hush-5"
        [storage.stacks]
        kind = "webdav"
        url = "https://ada:hush-6@dav.example.org/"
        [worker]
        server = "https://w:hush-7@sky.example.org"
        token = "hush-8"
        [worker.artifacts.storage]
        url = "https://w:hush-9@dav.example.org/"
        password = "hush-10"
    "#;
    std::fs::write(&file, good).unwrap();
    let config = file.to_str().unwrap();
    let dump = bench.crowdsky(["config", "dump", "--config", config]);
    assert_eq!(dump.status, 0, "{dump:?}");
    assert!(dump.out.contains("dav.example.org") && !dump.out.contains("hush"), "{}", dump.out);
    let check = bench.crowdsky(["config", "check", "--config", config]);
    assert!(!format!("{check:?}").contains("hush"), "{check:?}");
    let settings = crowdsky_server::config::load(Some(&file), &[]).unwrap();
    for shown in [format!("{settings:?}"), format!("{settings:#?}"), format!("{:?}", settings.redacted())] {
        assert!(shown.contains("dav.example.org") && !shown.contains("hush"), "{shown}");
    }
    // A secret of the wrong type, and a key that is none.
    for bad in [
        "[database]\npassword = [\"hush\"]\n",
        "[worker]\ntokens = \"hush\"\n",
        "[worker]\ncount = \"hush\"\n",
    ] {
        std::fs::write(&file, bad).unwrap();
        let run = bench.crowdsky(["config", "dump", "--config", config]);
        assert_ne!(run.status, 0, "{bad}");
        assert!(!format!("{run:?}").contains("hush"), "{run:?}");
    }
}
