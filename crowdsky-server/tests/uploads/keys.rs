//! Chunk keys on the wire (http-api 1.8).

use super::Session;
use crate::support::app::TestApp;
use crate::support::frames::frame_with;
use serde_json::json;

/// DATE-OBS, RA and DEC as they stand in the card, and the key.
const KEYS: [(&str, &str, &str, &str); 20] = [
    ("'2025-01-15T19:30:00'", "83.633", "22.014", "20250115.78_83.6_+22.0"),
    // Fractions are cut: nothing moves to the next quarter of an hour.
    ("'2025-01-15T19:29:59.999999'", "83.633", "22.014", "20250115.77_83.6_+22.0"),
    ("'2025-01-15T19:29:59.9999999'", "83.633", "22.014", "20250115.77_83.6_+22.0"),
    // Halves go away from zero.
    ("'2025-01-15T19:44:59.9'", "83.65", "22.05", "20250115.78_83.7_+22.1"),
    ("'2025-01-15T19:45:00'", "83.649999", "-22.05", "20250115.79_83.6_-22.1"),
    ("'2025-01-15T12:00:00'", "0.25", "1.15", "20250115.48_0.3_+1.2"),
    ("'2025-01-15T12:00:00'", "0.35", "0.35", "20250115.48_0.4_+0.4"),
    // Never -0.0, never 360.0.
    ("'2025-01-15T12:00:00'", "12.05", "-0.049999", "20250115.48_12.1_+0.0"),
    ("'2025-01-15T23:59:59.999'", "359.95", "-0.04", "20250115.95_0.0_+0.0"),
    ("'2025-01-15T12:00:00'", "359.99", "-0.0", "20250115.48_0.0_+0.0"),
    ("'2025-01-15T12:00:00'", "-0.04", "-90.0", "20250115.48_0.0_-90.0"),
    // A zone that is written counts, that of the server does not.
    ("'2025-01-15T12:00:00+05:00'", "1.0", "1.0", "20250115.28_1.0_+1.0"),
    ("'2025-01-15T12:00:00Z'", "1.0", "1.0", "20250115.48_1.0_+1.0"),
    ("'2016-12-31T23:59:60'", "1.0", "1.0", "20170101.00_1.0_+1.0"),
    // The old form is FITS' own: day, month, year of the last century.
    ("'01/02/25'", "1.0", "1.0", "19250201.00_1.0_+1.0"),
    ("'2025-01-15'", "1.0", "1.0", "20250115.00_1.0_+1.0"),
    // Numbers as FITS has them.
    ("'2025-01-15T12:00:00'", "1.93D2", "4.097E1", "20250115.48_193.0_+41.0"),
    // What is no pointing leaves the time alone.
    ("'2025-01-15T12:00:00'", "'05 34 31'", "'+22 00 52'", "20250115.48"),
    ("'2025-01-15T12:00:00'", "83.6", "90.1", "20250115.48"),
    ("'2025-01-15T12:00:00'", "NaN", "22.0", "20250115.48"),
];

#[tokio::test(flavor = "multi_thread")]
async fn u23_odd_times_and_places_have_one_key() {
    let server = TestApp::start().await;
    let (_, browser) = server.user("owner").await;
    let (native, original) = (Session::open(&browser).await, Session::open(&browser).await);
    for (date, ra, dec, key) in KEYS {
        let bytes = frame_with(&[("DATE-OBS", date), ("RA", ra), ("DEC", dec)]);
        let (status, file) = native.put("a.fit", &bytes).await;
        assert_eq!((status, &file["chunk_key"]), (201, &json!(key)), "{date} {ra} {dec}: {file}");
        let (status, file) = original.post("a.fit", &bytes).await;
        assert_eq!((status, &file["chunk_key"]), (200, &json!(key)), "{date} {ra} {dec}: {file}");
    }
    // The jobs say the same; the second of two keys of one run is nobody's.
    assert_eq!(original.finalise().await.0, 200);
    let (jobs, keys) = (original.jobs().await, KEYS.map(|row| json!(row.3)));
    assert!(jobs.len() >= 15, "{jobs:?}");
    for job in jobs {
        assert!(keys.contains(&job["chunk_key"]) && job["chunk_key"] != "20250115.78_83.7_+22.1", "{job}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn u23_healpix_keys_are_those_of_the_clients() {
    let server = TestApp::start().await;
    let (_, browser) = server.user("owner").await;
    let session = Session::open(&browser).await;
    for (ra, dec, pixel) in [
        ("0.0", "0.0", "097536"),
        ("359.9999", "0.0", "098559"),
        ("-0.1", "0.0", "098559"),
        ("83.633", "22.014", "061302"),
        ("6.0224", "-72.0814", "191711"),
        ("0.0", "90.0", "000000"),
        ("0.0", "-90.0", "196604"),
    ] {
        let (_, file) = session.put("a.fit", &frame_with(&[("RA", ra), ("DEC", dec)])).await;
        assert_eq!(file["healpix_key"], json!(format!("20250115.78_HP{pixel}")), "{ra} {dec}: {file}");
    }
}
