//! Nothing is changed without the form token.

use crate::support::app::TestApp;
use reqwest::{Method, StatusCode};

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
