//! Who may do what: every route of the pages and of the jobs and stacks behind them, for a visitor, for another user, for the
//! owner.

use crate::support::app::TestApp;
use reqwest::{Method, StatusCode};

/// A route: how it is asked, and the answers to a visitor, to another user, to the owner.
type Row = (Method, &'static str, u16, u16, u16);

/// `S`: session token, `J`: job, `K`: stack. Routes that delete come last, the stack's before its job's.
fn rows() -> Vec<Row> {
    let (get, post, delete) = (Method::GET, Method::POST, Method::DELETE);
    vec![
        (get.clone(), "/upload.php", 302, 200, 200),
        (get.clone(), "/upload", 302, 200, 200),
        (get.clone(), "/upload?session=S", 302, 404, 200),
        (get.clone(), "/upload.php?action=status&session_token=S", 302, 200, 200),
        (get.clone(), "/status.php", 302, 200, 200),
        (get.clone(), "/status", 302, 200, 200),
        (get.clone(), "/status?session=S", 302, 404, 200),
        (get.clone(), "/stacks.php", 302, 200, 200),
        (get.clone(), "/stacks", 302, 200, 200),
        (get.clone(), "/stacks?id=K", 302, 404, 200),
        (get.clone(), "/download.php?id=K", 302, 404, 200),
        (get.clone(), "/download?id=K", 302, 404, 200),
        (get.clone(), "/thumbnail.php?id=K", 302, 404, 200),
        (get.clone(), "/thumbnail?id=K", 302, 404, 200),
        (get.clone(), "/api/stacks_data.php", 401, 200, 200),
        (get.clone(), "/api/v1/stacks", 401, 200, 200),
        (get.clone(), "/api/v1/stacks/K", 401, 404, 200),
        (get.clone(), "/api/v1/stacks/K/fits", 401, 404, 200),
        (get.clone(), "/api/v1/stacks/K/thumbnail", 401, 404, 200),
        (get.clone(), "/api/v1/jobs?session=S", 401, 404, 200),
        (get.clone(), "/api/v1/jobs/J", 401, 404, 200),
        (get.clone(), "/api/v1/events?session=S", 401, 404, 200),
        (get, "/api/v1/events", 401, 200, 200),
        // A completed job is not tried again.
        (post, "/api/v1/jobs/J/retry", 401, 404, 409),
        (delete.clone(), "/api/v1/stacks/K", 401, 404, 204),
        // It went with its stack, and stays deleted.
        (delete, "/api/v1/jobs/J", 401, 404, 204),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_reaches_what_is_anothers() {
    let server = TestApp::start().await;
    let ((owner, its), (_, other)) = (server.user("owner").await, server.user("other").await);
    let made = server.stacked(&owner, "M 42").await;
    for (method, path, visitors, others, owners) in rows() {
        let path = path
            .replace("=S", &format!("={}", made.session))
            .replace("/J", &format!("/{}", made.job))
            .replace("=K", &format!("={}", made.stack))
            .replace("/K", &format!("/{}", made.stack));
        for (who, browser, expected) in
            [("visitor", &server.visitor(), visitors), ("other", &other, others), ("owner", &its, owners)]
        {
            let status = browser.request(method.clone(), &path).send().await.unwrap().status().as_u16();
            assert_eq!(status, expected, "{method} {path} as {who}");
        }
    }
}

/// Every unsafe route with the cookie and without the form token (U-15): nothing happens.
#[tokio::test(flavor = "multi_thread")]
async fn u15_nothing_is_changed_without_the_form_token() {
    let server = TestApp::start().await;
    let (owner, its) = server.user("owner").await;
    let (_, other) = server.user("other").await;
    let made = server.stacked(&owner, "M 42").await;
    let (job, stack) = (made.job, made.stack);
    let asked = [
        (Method::POST, "/upload.php?action=start".to_owned()),
        (Method::POST, "/upload.php?action=file".to_owned()),
        (Method::POST, "/upload?action=single".to_owned()),
        (Method::POST, "/upload?action=finish".to_owned()),
        (Method::POST, "/finalize.php".to_owned()),
        (Method::POST, format!("/status.php?job_id={job}&action=delete")),
        (Method::POST, format!("/stacks.php?id={stack}&action=delete")),
        (Method::DELETE, format!("/api/v1/jobs/{job}")),
        (Method::POST, format!("/api/v1/jobs/{job}/retry")),
        (Method::DELETE, format!("/api/v1/stacks/{stack}")),
    ];
    for (method, path) in asked {
        // None, one in the address, an array, another user's.
        let stranger = its.with_csrf(&other.csrf);
        let in_query = format!("{path}{}csrf_token={}", if path.contains('?') { '&' } else { '?' }, its.csrf);
        let tries = [
            its.bare(method.clone(), &path),
            its.bare(method.clone(), &in_query),
            its.bare(method.clone(), &path).form(&[("csrf_token[]", &its.csrf)]),
            stranger.request(method.clone(), &path),
        ];
        for request in tries {
            let answer = request.send().await.unwrap();
            assert_eq!(answer.status(), StatusCode::FORBIDDEN, "{method} {path}");
        }
    }
    let stacks = its.text("/api/stacks_data.php").await;
    assert!(stacks.contains("M 42"), "{stacks}");
    // From another site, even with the token.
    let answer = its
        .request(Method::DELETE, &format!("/api/v1/stacks/{stack}"))
        .header("sec-fetch-site", "cross-site");
    assert_eq!(answer.send().await.unwrap().status(), StatusCode::FORBIDDEN);
}
