//! DATE-OBS: what is read, what is refused.

use crowdsky_core::{Error, TimeSlot, UtcTime};
use proptest::prelude::*;

use crate::time;

#[test]
fn accepted_forms() {
    for (text, iso) in [
        ("2025-03-27T01:20:32.955368", "2025-03-27T01:20:32.955368"),
        ("2025-03-27T01:20:32.9553689", "2025-03-27T01:20:32.955368"),
        ("2025-03-27T01:20:32.9", "2025-03-27T01:20:32.900000"),
        ("2025-03-27T01:20:32   ", "2025-03-27T01:20:32.000000"),
        ("2025-03-27", "2025-03-27T00:00:00.000000"),
        ("2024-02-29T23:59:59.999999", "2024-02-29T23:59:59.999999"),
        ("2000-02-29", "2000-02-29T00:00:00.000000"),
        ("0000-01-01", "0000-01-01T00:00:00.000000"),
        ("27/03/99", "1999-03-27T00:00:00.000000"),
        ("29/02/00", "error"),
        ("29/02/04", "1904-02-29T00:00:00.000000"),
        ("2025-03-27T01:20:32Z", "2025-03-27T01:20:32.000000"),
        ("2025-03-27T01:20:32.5+02:00", "2025-03-26T23:20:32.500000"),
        ("2025-03-27T01:20:32-0330", "2025-03-27T04:50:32.000000"),
        ("2025-03-27T01:20:32+02", "2025-03-26T23:20:32.000000"),
        ("2016-12-31T23:59:60", "2017-01-01T00:00:00.000000"),
        ("2016-12-31T23:59:60.25", "2017-01-01T00:00:00.250000"),
        ("9999-12-31T23:59:59.9999999", "9999-12-31T23:59:59.999999"),
    ] {
        let found = UtcTime::parse_date_obs(text).map_or("error".to_owned(), UtcTime::to_iso_micros);
        assert_eq!(found, iso, "{text}");
    }
}

#[test]
fn refused_texts_say_why() {
    for (text, why) in [
        ("", "is empty"),
        ("   ", "is empty"),
        ("now", "is not of the form"),
        ("garbage", "is not of the form"),
        ("2025-3-27T01:20:32", "is not of the form"),
        (" 2025-03-27", "is not of the form"),
        ("20250327T012032", "is not of the form"),
        ("-2025-03-27", "is not of the form"),
        ("2025-02-30T12:00:00", "day that does not exist"),
        ("2025-02-29", "day that does not exist"),
        ("1900-02-29", "day that does not exist"),
        ("2025-13-01", "day that does not exist"),
        ("2025-00-01", "day that does not exist"),
        ("2025-01-00", "day that does not exist"),
        ("31/02/99", "day that does not exist"),
        ("01/13/25", "day that does not exist"),
        ("01/02/2025", "is not of the form"),
        ("2025-01-15T24:00:00", "time of day that does not exist"),
        ("2025-01-15T12:60:00", "time of day that does not exist"),
        ("2025-01-15T12:00:61", "time of day that does not exist"),
        ("2025-01-15T12:00", "no time of the form"),
        ("2025-01-15 12:00:00", "no time of the form"),
        ("2025-01-15T", "no time of the form"),
        ("2025-01-15T12:00:00.", "decimal point without digits"),
        ("2025-01-15T12:00:00 UTC", "not a zone"),
        ("2025-01-15T12:00:00+24:00", "not a zone"),
        ("2025-01-15T12:00:00+5", "not a zone"),
        ("2025-01-15T12:00:00z", "not a zone"),
        ("2025-01-15+02:00", "no time of the form"),
        ("9999-12-31T23:59:60", "leaves the years"),
        ("0000-01-01T00:00:00+01:00", "leaves the years"),
        ("２025-01-15", "is not of the form"),
        ("2025-01-15T12:00:00.111111111111111111111111111111111111111111111111111", "is longer"),
    ] {
        let message = UtcTime::parse_date_obs(text).unwrap_err().to_string();
        assert!(message.contains(why) && message.starts_with("DATE-OBS '"), "{text:?}: {message}");
    }
}

#[test]
fn slots_begin_at_quarters() {
    for (text, slot) in [
        ("2025-01-15T00:00:00", "20250115.00"),
        ("2025-01-15T00:14:59.999999", "20250115.00"),
        ("2025-01-15T00:15:00", "20250115.01"),
        ("2025-01-15T23:59:59.999999", "20250115.95"),
    ] {
        let of = TimeSlot::of(time(text));
        assert_eq!(of.to_string(), slot);
        assert_eq!(slot.parse(), Ok(of));
        assert_eq!(of.end().seconds_since(of.start()), 900.0);
    }
    assert_eq!(TimeSlot::new(2025, 1, 15, 78).unwrap().start(), time("2025-01-15T19:30:00"));
    assert!(TimeSlot::new(2025, 1, 15, 96).is_err() && TimeSlot::new(2025, 2, 29, 0).is_err());
}

#[test]
fn times_are_made_from_fields() {
    let made = UtcTime::from_ymd_hms(2025, 3, 27, 1, 20, 32.955).unwrap();
    assert_eq!(made, time("2025-03-27T01:20:32.955"));
    assert_eq!(made.date(), (2025, 3, 27));
    for bad in [
        UtcTime::from_ymd_hms(2025, 2, 29, 0, 0, 0.0),
        UtcTime::from_ymd_hms(2025, 1, 1, 24, 0, 0.0),
        UtcTime::from_ymd_hms(2025, 1, 1, 0, 60, 0.0),
        UtcTime::from_ymd_hms(2025, 1, 1, 0, 0, 61.0),
        UtcTime::from_ymd_hms(2025, 1, 1, 0, 0, f64::NAN),
        UtcTime::from_ymd_hms(10_000, 1, 1, 0, 0, 0.0),
        UtcTime::from_micros(i64::MAX),
    ] {
        assert!(matches!(bad, Err(Error::Range { .. })), "{bad:?}");
    }
}

proptest! {
    #[test]
    fn every_time_reads_back(micros in UtcTime::MIN.micros()..=UtcTime::MAX.micros()) {
        let time = UtcTime::from_micros(micros).unwrap();
        prop_assert_eq!(UtcTime::parse_date_obs(&time.to_iso_micros()), Ok(time));
        let (year, month, day) = time.date();
        prop_assert_eq!(UtcTime::from_ymd_hms(year, month, day, 0, 0, f64::from(time.seconds_of_day() % 60)).unwrap().date(), (year, month, day));
    }

    #[test]
    fn no_text_makes_the_reader_panic(text in "\\PC{0,80}|[0-9T:./Z+-]{0,40}") {
        if let Ok(time) = UtcTime::parse_date_obs(&text) {
            prop_assert!((UtcTime::MIN..=UtcTime::MAX).contains(&time));
        }
    }
}
