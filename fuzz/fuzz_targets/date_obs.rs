//! DATE-OBS: parsed, printed, parsed again.
#![no_main]

use crowdsky_core::{ChunkKey, FileStamp, UtcTime};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Ok(stamp) = text.parse::<FileStamp>() {
        assert_eq!(stamp.to_string(), text);
    }
    let Ok(time) = UtcTime::parse_date_obs(text) else { return };
    assert!((UtcTime::MIN..=UtcTime::MAX).contains(&time));
    assert_eq!(UtcTime::parse_date_obs(&time.to_iso_micros()), Ok(time));
    // Milliseconds are cut, never rounded up: a time must not move to the next slot by being printed.
    let printed = UtcTime::parse_date_obs(&time.to_string()).expect("what is printed can be read");
    assert!(printed <= time && time.seconds_since(printed) < 0.001);
    assert_eq!(ChunkKey::position(printed, None), ChunkKey::position(time, None));
    let (year, month, day) = time.date();
    let (hour, minute) = (time.seconds_of_day() / 3600, time.seconds_of_day() / 60 % 60);
    let second = f64::from(time.seconds_of_day() % 60);
    let rebuilt =
        UtcTime::from_ymd_hms(year, month, day, hour, minute, second).expect("a date that was read exists");
    assert!((0.0..1.0).contains(&time.seconds_since(rebuilt)));
});
