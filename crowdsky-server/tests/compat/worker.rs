//! What the original's worker was told: statuses, bodies, order of checks, word for word (http-api 1.3).

use super::old_worker::{OldWorker, answered, error, not_yours};
use crate::support::app::TestApp;
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

/// Every call with its parameters missing.
const CALLS: [(Method, &str); 5] = [
    (Method::GET, "/api/next_job.php"),
    (Method::GET, "/api/job_files.php"),
    (Method::GET, "/api/download_raw.php"),
    (Method::POST, "/api/complete_job.php"),
    (Method::POST, "/api/fail_job.php"),
];

#[tokio::test(flavor = "multi_thread")]
async fn without_a_good_token() {
    let server = TestApp::start().await;
    let worker = OldWorker::new(&server, "attic").await;
    let (_, browser) = server.user("owner").await;
    let visitor = server.visitor();
    let good = &worker.token;
    let bad = format!("csw_{}", "0".repeat(64));
    for (method, path) in CALLS {
        let ask = || visitor.bare(method.clone(), path);
        let tries = [
            ask(),
            ask().header("authorization", "Bearer"),
            ask().header("authorization", "Bearer "),
            ask().bearer_auth(&bad),
            ask().bearer_auth(good.to_uppercase()),
            ask().header("authorization", good),
            ask().basic_auth("attic", Some(good)),
            ask().header("cookie", format!("crowdsky={good}")),
            // A user is no worker.
            browser.request(method.clone(), path),
        ];
        for request in tries {
            let answer = request.send().await.unwrap();
            assert_eq!(answer.headers()["www-authenticate"], "Bearer", "{path}");
            let told = (answer.status().as_u16(), answer.json::<Value>().await.unwrap());
            assert_eq!(told, error(401, "Unauthorized."), "{path}");
        }
    }
    server.app.accounts.revoke_worker("attic").await.unwrap();
    assert_eq!(answered(worker.get("/api/next_job.php")).await, error(401, "Unauthorized."));
}

/// A key in an address ends in logs and histories (U-10).
#[tokio::test(flavor = "multi_thread")]
async fn u10_a_key_in_the_address_is_none() {
    let server = TestApp::start().await;
    let worker = OldWorker::new(&server, "attic").await;
    let visitor = server.visitor();
    for name in ["key", "token", "access_token", "api_key"] {
        let query = format!("{name}={}", worker.token);
        let answer = visitor.bare(Method::GET, &format!("/api/cleanup.php?{query}")).send().await.unwrap();
        assert_eq!(answer.status(), 401);
        assert!(answer.headers()["content-type"].to_str().unwrap().starts_with("text/plain"));
        assert_eq!(answer.text().await.unwrap(), "Unauthorized");
        for (method, path) in CALLS {
            let asked = visitor.bare(method, &format!("{path}?{query}"));
            assert_eq!(answered(asked).await, error(401, "Unauthorized."), "{path}?{name}");
        }
    }
    // Whatever the case of the scheme.
    let answer = visitor
        .bare(Method::GET, "/api/cleanup.php")
        .header("authorization", format!("bEARER   {}", worker.token));
    let answer = answer.send().await.unwrap();
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.text().await.unwrap(), "Cleanup done: 0 expired sessions, 0 files deleted.");
}

#[tokio::test(flavor = "multi_thread")]
async fn words_of_the_original() {
    let server = TestApp::start().await;
    let worker = OldWorker::new(&server, "attic").await;
    let visitor = server.visitor();
    // 405 comes before 401, 401 before 400.
    for path in ["/api/complete_job.php", "/api/fail_job.php"] {
        for method in [Method::GET, Method::PUT, Method::DELETE] {
            assert_eq!(answered(visitor.bare(method, path)).await, error(405, "POST required."));
        }
        let raw = |text: &str| worker.post(path, &Value::Null).body(text.to_owned());
        for text in ["", "{", "[]", "7", "null", "job_id=1"] {
            assert_eq!(answered(raw(text)).await, error(400, "Invalid JSON body."), "{path} {text}");
        }
        for told in [json!({}), json!({"job_id": null}), json!({"job_id": 0}), json!({"job_id": -1})] {
            assert_eq!(answered(worker.post(path, &told)).await, error(400, "Missing job_id."), "{told}");
        }
        for told in [json!({"job_id": 999}), json!({"job_id": "999"}), json!({"job_id": i64::MAX})] {
            assert_eq!(answered(worker.post(path, &told)).await, not_yours(), "{told}");
        }
        // A byte too many, so that the server has read all when it refuses: whoever still sends may get no answer.
        let long = server.visitor().bare(Method::POST, path).bearer_auth(&worker.token);
        let (status, told) = answered(long.body(" ".repeat((2 << 20) + 1))).await;
        assert!(status == 413 && told["error"].is_string(), "{status} {told}");
    }
    let refused = |path: &str, status, sentence| (worker.get(path), status, sentence);
    let cases: Vec<(RequestBuilder, u16, &str)> = vec![
        refused("/api/job_files.php", 400, "Missing or invalid job_id."),
        refused("/api/job_files.php?job_id=", 400, "Missing or invalid job_id."),
        refused("/api/job_files.php?job_id=x", 400, "Missing or invalid job_id."),
        refused("/api/job_files.php?job_id=0", 400, "Missing or invalid job_id."),
        refused("/api/job_files.php?job_id=-3", 400, "Missing or invalid job_id."),
        refused("/api/job_files.php?job_id=999", 404, "Job not found."),
        refused("/api/download_raw.php", 400, "Missing or invalid file_id."),
        refused("/api/download_raw.php?file_id=x", 400, "Missing or invalid file_id."),
        refused("/api/download_raw.php?file_id=0", 400, "Missing or invalid file_id."),
        refused("/api/download_raw.php?file_id=999", 404, "File not found."),
    ];
    for (request, status, sentence) in cases {
        assert_eq!(answered(request).await, error(status, sentence));
    }
    // Whatever else is asked under such an address has the same shape.
    for (method, path, status) in [
        (Method::GET, "/api/no_such.php", 404),
        (Method::DELETE, "/api/next_job.php", 405),
        (Method::POST, "/api/job_files.php", 405),
    ] {
        let (found, told) = answered(visitor.bare(method, path)).await;
        assert!(found == status && told["error"].is_string(), "{path}: {found} {told}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_as_it_is_told() {
    let server = TestApp::start().await;
    let (user, _) = server.user("owner").await;
    let worker = OldWorker::new(&server, "attic").await;
    assert_eq!(answered(worker.get("/api/next_job.php")).await, (204, Value::Null));
    let (_, id) = server.queued(&user, "M 42").await;
    let job = worker.next().await;
    for (name, value) in [
        ("job_id", json!(id)),
        ("user_id", json!(user.id)),
        ("chunk_key", json!("20250115.78_83.6_+22.0")),
        ("object_name", json!("M 42")),
        ("frame_count", json!(1)),
        ("session_ucloud_path", Value::Null),
        ("attempt", json!(1)),
        ("heartbeat_interval_s", json!(30.0)),
        ("ucloud_path", json!(super::old_worker::path_of(&job))),
    ] {
        assert_eq!(job[name], value, "{name}");
    }
    assert!(job["upload_session_id"].is_i64());
    // Clients take a key of that name for a failure.
    assert!(job.get("error").is_none());
    assert_eq!(answered(worker.get("/api/next_job.php")).await.0, 204, "it is leased");
    let (status, files) = answered(worker.get(&format!("/api/job_files.php?job_id={id}"))).await;
    assert_eq!((status, &files["job_id"], &files["chunk_key"]), (200, &json!(id), &job["chunk_key"]));
    let [file] = files["files"].as_array().unwrap().as_slice() else { panic!("{files}") };
    let raw = &server.app.store.job_files(id).await.unwrap()[0];
    let expected = json!({"id": raw.id, "filename": "Light_1.fit", "ucloud_path": format!("raw/{}", raw.id),
        "file_size_bytes": 5760, "fits_date_obs": "2025-01-15 19:30:00", "fits_exptime": 10.0,
        "fits_ra": 83.633, "fits_dec": 22.014, "sha256": raw.sha256});
    assert_eq!(*file, expected);
    let answer = worker.get(&format!("/api/download_raw.php?file_id={}", raw.id)).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    let header = |name: &str| answer.headers()[name].to_str().unwrap().to_owned();
    assert_eq!(header("content-type"), "application/octet-stream");
    assert_eq!(header("content-length"), "5760");
    assert_eq!(header("content-disposition"), "attachment; filename=\"Light_1.fit\"");
    assert_eq!(answer.bytes().await.unwrap(), crate::support::app::frame("M 42"));
}
