//! Files that are not taken: they are told why, and nothing of them stays.

use super::{Session, answered, stored_raws};
use crate::support::app::{TestApp, frame};
use crate::support::frames::frame_with;
use futures_util::StreamExt;
use serde_json::json;
use std::time::Duration;

/// No row, no bytes, no quota.
async fn nothing_stayed(server: &TestApp, session: &Session<'_>, user: crowdsky_server::store::UserId) {
    let overview = session.overview().await;
    assert_eq!((&overview["file_count"], &overview["files"]), (&json!(0), &json!([])), "{overview}");
    assert_eq!(server.app.store.user(user).await.unwrap().unwrap().storage_used, 0);
    assert_eq!(stored_raws(server).await, 0);
}

/// Cut off, too short to be anything, longer than its header says, changed on its way (U-22).
#[tokio::test(flavor = "multi_thread")]
async fn u22_damaged_files_leave_nothing() {
    let server = TestApp::start().await;
    let (user, browser) = server.user("owner").await;
    let session = Session::open(&browser).await;
    let whole = frame("M 42");
    let longer = [whole.clone(), vec![0; 2880]].concat();
    // 30 bytes with the right beginning were enough for the original.
    let damaged: [(&str, &[u8], &str); 5] = [
        ("without its last byte", &whole[..whole.len() - 1], "truncated"),
        ("without its pixels", &whole[..2880], "truncated"),
        ("30 bytes", &whole[..30], "truncated"),
        ("no bytes", b"", "truncated"),
        ("a block more", &longer, "too_long"),
    ];
    for (what, bytes, code) in damaged {
        let (status, problem) = session.put("a.fit", bytes).await;
        assert_eq!((status, problem["code"].as_str()), (422, Some(code)), "{what}: {problem}");
        // There the length is known only when all has come.
        let (status, error) = session.post("a.fit", bytes).await;
        assert_eq!(status, 400, "{what}: {error}");
        let word = if code == "truncated" { "cut off" } else { "longer" };
        assert!(error["error"].as_str().unwrap().contains(word), "{what}: {error}");
        nothing_stayed(&server, &session, user.id).await;
    }
    let changed = [&whole[..whole.len() - 1], b"\x01"].concat();
    let (status, problem) = answered(session.put_as("a.fit", &whole, &changed)).await;
    assert_eq!((status, problem["code"].as_str()), (422, Some("digest_mismatch")), "{problem}");
    nothing_stayed(&server, &session, user.id).await;
    let digest = "sha-256=:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=:";
    let (status, problem) =
        answered(session.put_as("a.fit", &whole, &whole).header("content-digest", digest)).await;
    assert_eq!((status, problem["code"].as_str()), (400, Some("bad_digest")), "{problem}");
    nothing_stayed(&server, &session, user.id).await;
    // The whole file is welcome all the same.
    assert_eq!(session.put("a.fit", &whole).await.0, 201);
    assert_eq!(stored_raws(&server).await, 1);
}

/// A frame nobody can give a time is refused where its user sees it; the original dropped it when the session ended, or made
/// a job `unknown` that could never be done (U-06).
#[tokio::test(flavor = "multi_thread")]
async fn u06_frames_without_a_time_are_refused_at_once() {
    let server = TestApp::start().await;
    let (user, browser) = server.user("owner").await;
    let session = Session::open(&browser).await;
    for date in ["", "''", "'garbage'", "'now'", "'yesterday'", "'2025-02-30T12:00:00'", "20250115"] {
        let bytes = frame_with(&[("DATE-OBS", date)]);
        let (status, problem) = session.put("a.fit", &bytes).await;
        assert_eq!((status, problem["code"].as_str()), (422, Some("no_date_obs")), "{date:?}: {problem}");
        let (status, error) = session.post("a.fit", &bytes).await;
        assert_eq!(status, 400, "{date:?}: {error}");
        assert!(error["error"].as_str().unwrap().contains("DATE-OBS"), "{date:?}: {error}");
        nothing_stayed(&server, &session, user.id).await;
    }
    let (status, problem) = session.finalise().await;
    assert_eq!((status, problem["code"].as_str()), (422, Some("no_files")), "{problem}");
    // Beside a good frame they change nothing.
    assert_eq!(session.put("good.fit", &frame("M 42")).await.0, 201);
    assert_eq!(session.put("bad.fit", &frame_with(&[("DATE-OBS", "")])).await.0, 422);
    let (status, done) = session.finalise().await;
    assert_eq!((status, &done["rejected"]), (200, &json!([])), "{done}");
    let jobs = session.jobs().await;
    assert_eq!(jobs.len(), 1);
    assert_eq!(
        (&jobs[0]["chunk_key"], &jobs[0]["frame_count"]),
        (&json!("20250115.78_83.6_+22.0"), &json!(1))
    );
}

/// A frame whose colours nobody knows is dropped by the stacker, so it is refused before somebody waits for its stack.
#[tokio::test(flavor = "multi_thread")]
async fn frames_without_colours_are_refused_at_once() {
    let server = TestApp::start().await;
    let (user, browser) = server.user("owner").await;
    let session = Session::open(&browser).await;
    for pattern in ["", "''", "'XYZ'", "7"] {
        let bytes = frame_with(&[("BAYERPAT", pattern)]);
        let (status, problem) = session.put("a.fit", &bytes).await;
        assert_eq!((status, problem["code"].as_str()), (422, Some("no_bayer")), "{pattern:?}: {problem}");
        nothing_stayed(&server, &session, user.id).await;
    }
}

/// A body that begins and then stops is broken off, whatever it is for, and nothing is stored (U-21).
#[tokio::test(flavor = "multi_thread")]
async fn u21_a_body_that_stops_is_broken_off() {
    let mut settings = TestApp::settings();
    settings.uploads.idle_timeout_s = Duration::from_millis(300).into();
    let server = TestApp::start_with(settings).await;
    let (_, browser) = server.user("owner").await;
    let session = Session::open(&browser).await;
    let whole = frame("M 42");
    let begin = Ok::<_, std::io::Error>(whole[..3000].to_vec());
    let stops = futures_util::stream::once(async { begin }).chain(futures_util::stream::pending());
    let request = session.put_as("Light_1.fit", &whole, &[]).body(reqwest::Body::wrap_stream(stops));
    let (status, problem) = answered(request).await;
    assert_eq!((status, &problem["code"]), (408, &"broken_off".into()), "{problem}");
    assert!(problem["detail"].as_str().unwrap().contains("nothing came for too long"), "{problem}");
    assert_eq!(session.put("Light_1.fit", &whole).await.0, 201, "the next one is taken");
}
