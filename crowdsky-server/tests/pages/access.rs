//! Who may do what: every route there is, for a visitor, another user, the owner, and a worker (ASVS 8).

use crate::support::app::{Browser, TestApp};
use reqwest::{Method, RequestBuilder};
use std::collections::BTreeSet;
use std::path::Path;

/// A route: how it is asked, and the answers to a visitor, to another user, to the owner, to a worker with a good token.
type Row = (&'static str, &'static str, u16, u16, u16, u16);

/// `O`: open session, `S`: finalised session, `J`: its job, `K`: its stack, `W`: a job that waits, `R`: its frame, `H`: a hash.
/// Foreign things are not there (404). What a worker may not do is answered as to a visitor. Rows that take things away come
/// last.
const ROWS: &[Row] = &[
    // Open to all.
    ("GET", "/", 200, 302, 302, 200),
    ("GET", "/index", 200, 302, 302, 200),
    ("GET", "/index.php", 200, 302, 302, 200),
    ("GET", "/login", 200, 302, 302, 200),
    ("GET", "/login.php", 200, 302, 302, 200),
    ("GET", "/check", 200, 200, 200, 200),
    ("GET", "/check.php", 200, 200, 200, 200),
    ("GET", "/static/style.css", 200, 200, 200, 200),
    ("GET", "/healthz", 200, 200, 200, 200),
    ("GET", "/api/openapi.json", 200, 200, 200, 200),
    ("GET", "/readyz", 200, 200, 200, 200),
    // To the machine itself, where we are.
    ("GET", "/metrics", 200, 200, 200, 200),
    // Pages.
    ("GET", "/upload.php", 302, 200, 200, 302),
    ("GET", "/upload", 302, 200, 200, 302),
    ("GET", "/upload?session=O", 302, 404, 200, 302),
    ("GET", "/upload.php?action=status&session_token=O", 302, 200, 200, 302),
    ("GET", "/status.php", 302, 200, 200, 302),
    ("GET", "/status", 302, 200, 200, 302),
    ("GET", "/status?session=S", 302, 404, 200, 302),
    ("GET", "/stacks.php", 302, 200, 200, 302),
    ("GET", "/stacks", 302, 200, 200, 302),
    ("GET", "/stacks?id=K", 302, 404, 200, 302),
    ("GET", "/account.php", 302, 200, 200, 302),
    ("GET", "/account", 302, 200, 200, 302),
    ("GET", "/download.php?id=K", 302, 404, 200, 302),
    ("GET", "/download?id=K", 302, 404, 200, 302),
    ("GET", "/thumbnail.php?id=K", 302, 404, 200, 302),
    ("GET", "/thumbnail?id=K", 302, 404, 200, 302),
    // Forms without fields: whoever gets in is told what is missing.
    ("POST", "/login", 200, 200, 200, 200),
    ("POST", "/login.php", 200, 200, 200, 200),
    ("POST", "/account", 302, 200, 200, 302),
    ("POST", "/account.php", 302, 200, 200, 302),
    ("POST", "/upload", 302, 400, 400, 302),
    ("POST", "/upload.php", 302, 400, 400, 302),
    ("POST", "/status", 302, 400, 400, 302),
    ("POST", "/status.php", 302, 400, 400, 302),
    ("POST", "/stacks", 302, 400, 400, 302),
    ("POST", "/stacks.php", 302, 400, 400, 302),
    ("POST", "/finalize.php", 302, 400, 400, 302),
    ("POST", "/api/delete_job.php", 401, 400, 400, 401),
    // Programs of users.
    ("GET", "/api/stacks_data.php", 401, 200, 200, 401),
    ("GET", "/api/v1/uploads/O", 401, 404, 200, 401),
    ("POST", "/api/v1/uploads/O/check", 401, 404, 200, 401),
    ("PUT", "/api/v1/uploads/O/files/H?name=a.fit", 401, 404, 422, 401),
    // A file that is not there is gone, as asked.
    ("DELETE", "/api/v1/uploads/O/files/H", 401, 404, 204, 401),
    ("POST", "/api/v1/uploads/O/finalize", 401, 404, 422, 401),
    ("POST", "/api/v1/uploads", 401, 201, 201, 401),
    ("GET", "/api/v1/stacks", 401, 200, 200, 401),
    ("GET", "/api/v1/stacks/K", 401, 404, 200, 401),
    ("GET", "/api/v1/stacks/K/fits", 401, 404, 200, 401),
    ("GET", "/api/v1/stacks/K/thumbnail", 401, 404, 200, 401),
    ("GET", "/api/v1/jobs?session=S", 401, 404, 200, 401),
    ("GET", "/api/v1/jobs/J", 401, 404, 200, 401),
    ("GET", "/api/v1/events?session=S", 401, 404, 200, 401),
    ("GET", "/api/v1/events", 401, 200, 200, 401),
    // A completed job is not tried again.
    ("POST", "/api/v1/jobs/J/retry", 401, 404, 409, 401),
    // Workers: what is missing or not leased is told to them alone; the owner of a frame is no worker.
    ("GET", "/api/job_files.php", 401, 401, 401, 400),
    ("GET", "/api/job_files.php?job_id=W", 401, 401, 401, 200),
    ("GET", "/api/download_raw.php", 401, 401, 401, 400),
    ("GET", "/api/download_raw.php?file_id=R", 401, 401, 401, 404),
    ("POST", "/api/complete_job.php", 401, 401, 401, 400),
    ("POST", "/api/fail_job.php", 401, 401, 401, 400),
    ("GET", "/api/cleanup.php", 401, 401, 401, 200),
    ("POST", "/api/v1/jobs/W/heartbeat", 401, 401, 401, 400),
    ("POST", "/api/v1/jobs/W/release", 401, 401, 401, 400),
    ("POST", "/api/v1/jobs/W/fail", 401, 401, 401, 400),
    ("POST", "/api/v1/jobs/W/complete", 401, 401, 401, 400),
    ("PUT", "/api/v1/jobs/W/artifacts/stack", 401, 401, 401, 400),
    ("GET", "/api/v1/jobs/W/files", 401, 401, 401, 400),
    ("GET", "/api/v1/raws/R", 401, 401, 401, 404),
    ("GET", "/api/next_job.php", 401, 401, 401, 200),
    ("POST", "/api/v1/worker/claim", 401, 401, 401, 204),
    // A lease is the right to its frames.
    ("GET", "/api/download_raw.php?file_id=R", 401, 401, 401, 200),
    ("GET", "/api/v1/raws/R", 401, 401, 401, 200),
    // What takes things away.
    ("DELETE", "/api/v1/stacks/K", 401, 404, 204, 401),
    // It went with its stack, and stays deleted.
    ("DELETE", "/api/v1/jobs/J", 401, 404, 204, 401),
    ("DELETE", "/api/v1/uploads/O", 401, 404, 204, 401),
    ("POST", "/logout", 302, 302, 302, 302),
    ("POST", "/logout.php", 302, 302, 302, 302),
];

/// The request of a row; where a body is a must, one that says nothing.
fn ask(browser: &Browser, method: &str, path: &str) -> RequestBuilder {
    let request = browser.request(Method::from_bytes(method.as_bytes()).unwrap(), path);
    if path.ends_with("/check") { request.body("[]") } else { request }
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_reaches_what_is_anothers() {
    let server = TestApp::start().await;
    let ((owner, its), (_, other)) = (server.user("owner").await, server.user("other").await);
    let worker = server.app.accounts.new_worker("attic").await.unwrap();
    let made = server.stacked(&owner, "M 42").await;
    let (_, waiting) = server.queued(&owner, "M 43").await;
    let raw = server.app.store.job_files(waiting).await.unwrap()[0].id;
    let open = server.app.uploads.open(&owner, None, false, None).await.unwrap().token;
    let names = [
        ("O", open),
        ("S", made.session.clone()),
        ("J", made.job.to_string()),
        ("K", made.stack.to_string()),
        ("W", waiting.to_string()),
        ("R", raw.to_string()),
        ("H", "0".repeat(64)),
    ];
    let visitor = server.visitor();
    let mut wrong = Vec::new();
    for (method, path, to_visitor, to_other, to_owner, to_worker) in ROWS {
        let mut path = (*path).to_owned();
        for (letter, value) in &names {
            path = path.replace(&format!("={letter}"), &format!("={value}"));
            path = path.replace(&format!("/{letter}/"), &format!("/{value}/"));
            path = path.replace(&format!("/{letter}?"), &format!("/{value}?"));
            if let Some(start) = path.strip_suffix(&format!("/{letter}")) {
                path = format!("{start}/{value}");
            }
        }
        for (who, request, expected) in [
            ("visitor", ask(&visitor, method, &path), to_visitor),
            ("other", ask(&other, method, &path), to_other),
            ("worker", ask(&visitor, method, &path).bearer_auth(&worker), to_worker),
            ("owner", ask(&its, method, &path), to_owner),
        ] {
            let status = request.send().await.unwrap().status().as_u16();
            if status != *expected {
                wrong.push(format!("{method} {path} as {who}: {status}, not {expected}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// A new route without a row above is a failure.
#[test]
fn every_route_is_in_the_table() {
    // The parts of a path; those that are names of things match each other.
    let parts = |path: &str| -> Vec<String> {
        let path = path.split('?').next().unwrap();
        let is_name = |part: &str| part.starts_with('{') || (part.len() == 1 && part != "/");
        path.split('/').map(|part| if is_name(part) { "*".to_owned() } else { part.to_owned() }).collect()
    };
    let table: BTreeSet<(String, Vec<String>)> =
        ROWS.iter().map(|row| (row.0.to_owned(), parts(row.1))).collect();
    let described: serde_json::Value =
        serde_json::from_str(&crowdsky_server::http::description().unwrap()).unwrap();
    let mut routes = BTreeSet::new();
    for (path, item) in described["paths"].as_object().unwrap() {
        let methods = item.as_object().unwrap().keys().map(|method| method.to_uppercase());
        // The name of an artefact is one of three.
        let path = path.replace("{artifact}", "stack");
        routes.extend(methods.map(|method| (method, parts(&path))));
    }
    assert!(routes.len() > 30, "{routes:?}");
    for (path, methods) in pages(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src/http/pages")) {
        routes.extend(methods.into_iter().map(|method| (method.to_owned(), parts(&path))));
    }
    let missing: Vec<_> = routes.difference(&table).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

/// The routes of the pages, by their source: they are not described.
fn pages(folder: &Path) -> Vec<(String, Vec<&'static str>)> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let text = std::fs::read_to_string(entry.unwrap().path()).unwrap();
        // A page that is one at two addresses is named once.
        let both = text.contains("let page = ||") || text.contains("fn page() ->");
        for route in text.split(".route(\"").skip(1) {
            let (path, handlers) = route.split_once('"').unwrap();
            let handlers = handlers.split(".route(").next().unwrap();
            let handlers = handlers.split_once('}').map_or(handlers, |(handlers, _)| handlers);
            let mut methods = Vec::new();
            if handlers.contains("get(") || both {
                methods.push("GET");
            }
            if handlers.contains("post(") || both {
                methods.push("POST");
            }
            assert!(!methods.is_empty(), "{path}: {handlers}");
            found.push((path.to_owned(), methods));
        }
    }
    assert!(found.len() >= 18, "{found:?}");
    found
}
