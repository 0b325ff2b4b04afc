//! Which frames of a session become one job.

use super::Session;
use crate::support::app::TestApp;
use crate::support::frames::frame_with;
use serde_json::json;

/// One run, dithered over an edge of rounding, and frames that each differ from it in one fact (U-24).
#[tokio::test(flavor = "multi_thread")]
async fn u24_only_frames_alike_are_stacked_together() {
    let server = TestApp::start().await;
    let (_, browser) = server.user("owner").await;
    let session = Session::open(&browser).await;
    let plain = [("TELESCOP", "'S50_00000001'"), ("GAIN", "80"), ("DATE-OBS", "'2025-01-15T19:30:00'")];
    // 83.6 and 83.7, 22.0 and 22.1 when rounded, and one run.
    let run =
        [("83.6499", "22.0499"), ("83.6501", "22.0501"), ("83.6498", "22.0502"), ("83.6502", "22.0498")];
    for (k, (ra, dec)) in run.into_iter().enumerate() {
        let date = format!("'2025-01-15T19:30:{k}1'");
        let changes = [&plain[..], &[("RA", ra), ("DEC", dec), ("DATE-OBS", &date)]].concat();
        assert_eq!(session.put(&format!("Light_{k}.fit"), &frame_with(&changes)).await.0, 201);
    }
    let others: [&[(&str, &str)]; 8] = [
        &[("FILTER", "'IRCUT'")],
        &[("TELESCOP", "'S30_00000002'")],
        &[("EXPTIME", "20.0")],
        &[("GAIN", "120")],
        &[("NAXIS1", "6")],
        &[("OBJECT", "'M 43'")],
        &[("DATE-OBS", "'2025-01-15T19:45:00'")],
        // Farther than any dither, the same object: a mosaic's next panel.
        &[("RA", "84.6")],
    ];
    for (k, change) in others.into_iter().enumerate() {
        let changes = [&plain[..], &[("RA", "83.65"), ("DEC", "22.05")], change].concat();
        assert_eq!(session.put(&format!("Other_{k}.fit"), &frame_with(&changes)).await.0, 201, "{change:?}");
    }
    let overview = session.overview().await;
    let groups = overview["groups"].as_array().unwrap();
    assert_eq!(groups.len(), 9, "{overview}");
    let (status, done) = session.finalise().await;
    assert_eq!((status, done["jobs"].as_array().unwrap().len()), (200, 9), "{done}");
    assert_eq!(done["rejected"], json!([]));
    let jobs = session.jobs().await;
    let mut frames: Vec<i64> = jobs.iter().map(|job| job["frame_count"].as_i64().unwrap()).collect();
    frames.sort_unstable();
    assert_eq!(frames, [1, 1, 1, 1, 1, 1, 1, 1, 4], "{jobs:?}");
    // A key is a label: that of the group's first frame, and others may have the same.
    let run = jobs.iter().find(|job| job["frame_count"] == 4).unwrap();
    assert_eq!(run["chunk_key"], "20250115.78_83.6_+22.0");
}
