//! Instants on the wire: UTC, by the database's clock (U-33).

use super::{Session, answered};
use crate::support::app::TestApp;
use crate::support::frames::frame_with;
use crowdsky_core::UtcTime;
use reqwest::Method;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Seconds from now to an instant of the `.php` interface, read as UTC.
fn seconds_ahead(text: &str) -> i64 {
    assert_eq!(text.len(), 19, "YYYY-MM-DD HH:MM:SS, not {text:?}");
    let then = UtcTime::parse_date_obs(&text.replacen(' ', "T", 1)).unwrap().micros() / 1_000_000;
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    then - i64::try_from(now).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn u33_times_on_the_wire_are_utc() {
    let server = TestApp::start().await;
    let (_, browser) = server.user("owner").await;
    let session = Session::open(&browser).await;
    // Half past midnight in Tashkent.
    let bytes = frame_with(&[("DATE-OBS", "'2025-01-16T00:30:00+05:00'")]);
    let (_, file) = session.post("a.fit", &bytes).await;
    assert_eq!(
        (file["date_obs"].as_str(), file["chunk_key"].as_str()),
        (Some("2025-01-15T19:30:00"), Some("20250115.78_83.6_+22.0"))
    );
    let day = 24 * 3600;
    let ahead = seconds_ahead(session.overview().await["expires_at"].as_str().unwrap());
    assert!((day - 60..=day).contains(&ahead), "a session lasts a day, this one {ahead} s");
    session.finalise().await;
    let token = server.app.accounts.new_worker("attic").await.unwrap();
    let ask = |path: String| answered(server.visitor().bare(Method::GET, &path).bearer_auth(&token));
    let (_, job) = ask("/api/next_job.php".to_owned()).await;
    let ahead = seconds_ahead(job["lease_expires_at"].as_str().unwrap());
    assert!((1740..=1800).contains(&ahead), "half an hour, not {ahead} s");
    let (_, files) = ask(format!("/api/job_files.php?job_id={}", job["job_id"])).await;
    assert_eq!(files["files"][0]["fits_date_obs"], "2025-01-15 19:30:00");
    // Rows are stamped by the database, and that agrees with the machine's clock, whatever its zone.
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let theirs = server.app.store.now().await.unwrap().0;
    let apart = (theirs - i64::try_from(now.as_micros()).unwrap()).unsigned_abs();
    assert!(Duration::from_micros(apart) < Duration::from_secs(60), "{apart} us");
}
