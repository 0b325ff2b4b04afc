//! Golden answers: of the PHP and Python originals, and of the rules that replace them.

use crowdsky_core::legacy::{parse_key, php_chunk_key};
use crowdsky_core::{ChunkKey, Error, HealpixTile, SkyPos, UtcTime};
use proptest::prelude::*;

use crate::{pos, rows};

#[test]
fn php_keys_are_repeated() {
    for row in rows(include_str!("data/php_keys.txt")) {
        let [date, ra, dec, zone, expected] = row[..] else { panic!("{row:?}") };
        let place = Some((ra.parse().unwrap(), dec.parse().unwrap()));
        let found = php_chunk_key(date, place, zone.parse().unwrap()).unwrap();
        assert_eq!(found.as_deref().unwrap_or("none"), expected, "{row:?}");
    }
}

#[test]
fn php_keys_that_asked_the_clock_are_refused() {
    for date in ["now", "yesterday", "next monday", "Midnight"] {
        let found = php_chunk_key(date, None, 0);
        assert!(matches!(found, Err(Error::NotReproducible { .. })), "{date}: {found:?}");
    }
    // 'INF' and 'NaN' stood in PHP's keys; they must not be made again.
    for place in [(f64::INFINITY, 1.0), (f64::NAN, f64::NAN), (1.0, f64::NAN)] {
        assert!(matches!(php_chunk_key("2025-01-15T12:00:00", Some(place), 0), Err(Error::Range { .. })));
    }
}

#[test]
fn php_keys_of_other_dates_a_header_may_hold() {
    let key = |date| php_chunk_key(date, None, 0).unwrap();
    assert_eq!(key("2025-01-15").as_deref(), Some("20250115.00"));
    assert_eq!(key("2025-00-15T00:00:00").as_deref(), Some("20241215.00"));
    assert_eq!(key("2025-03-00T00:00:00").as_deref(), Some("20250228.00"));
    assert_eq!(key("01/02/1999").as_deref(), Some("19990102.00"));
    assert_eq!(key("2025-13-01T00:00:00"), None);
    assert!(php_chunk_key("20250115T120000", None, 0).is_err());
}

#[test]
fn old_keys_are_read_into_canonical_ones() {
    for (old, canonical) in [
        ("20250115.95_360.0_-0.0", "20250115.95_0.0_+0.0"),
        ("20250115.48_12.1_-0.0", "20250115.48_12.1_+0.0"),
        ("20250115.48_360.0_+41.2", "20250115.48_0.0_+41.2"),
        ("20250115.78_83.6_+22.0", "20250115.78_83.6_+22.0"),
        ("20250115.78_HP061302", "20250115.78_HP061302"),
        ("20250115.78", "20250115.78"),
    ] {
        assert_eq!(parse_key(old).unwrap().to_string(), canonical);
    }
    for bad in ["20250115.48_INF_+1.0", "20250115.48_NaN_-NaN", "20250115.48_360.1_+1.0", "20250115.96", ""] {
        assert!(parse_key(bad).is_err(), "{bad}");
    }
}

#[test]
fn our_keys_follow_the_rules() {
    for row in rows(include_str!("data/chunk_keys.txt")) {
        let [date, ra, dec, expected, tile] = row[..] else { panic!("{row:?}") };
        let time = UtcTime::parse_date_obs(date);
        let place = SkyPos::new(ra.parse().unwrap(), dec.parse().unwrap());
        let (Ok(time), Ok(place)) = (time, place) else {
            assert_eq!(expected, "error", "{row:?}");
            continue;
        };
        let key = ChunkKey::position(time, Some(&place)).to_string();
        assert_eq!(key, expected, "{row:?}");
        let healpix = ChunkKey::healpix(time, &place).to_string();
        let slot = &expected[..11];
        if !tile.is_empty() {
            assert_eq!(healpix, format!("{slot}_{tile}"));
        }
        for text in [&key, &healpix, slot] {
            assert_eq!(text.parse::<ChunkKey>().unwrap().to_string(), text);
        }
        assert_eq!(ChunkKey::position(time, None).to_string(), slot);
    }
}

#[test]
fn healpix_tiles_equal_the_original_clients() {
    for row in rows(include_str!("data/healpix.txt")) {
        let [ra, dec, tile] = row[..] else { panic!("{row:?}") };
        let found = HealpixTile::from_pos(&pos(ra.parse().unwrap(), dec.parse().unwrap()));
        assert_eq!(found.to_string(), format!("HP{tile}"), "{row:?}");
    }
}

#[test]
fn key_texts_that_are_not_canonical_are_refused() {
    for bad in [
        "",
        "20250115",
        "20250115.",
        "20250115.7",
        "20250115.96",
        "20250230.10",
        "2025011a.10",
        "20250115,10",
        "20250115.78_",
        "20250115.78_83.6",
        "20250115.78_83.6_",
        "20250115.78_83.6_22.0",
        "20250115.78_083.6_+22.0",
        "20250115.78_83.65_+22.0",
        "20250115.78_83_+22",
        "20250115.78_360.0_+22.0",
        "20250115.78_12.1_-0.0",
        "20250115.78_83.6_+90.1",
        "20250115.78_83.6_-90.1",
        "20250115.78_-1.0_+1.0",
        "20250115.78_83.6_+22.0_",
        "20250115.78_83.6_++2.0",
        "20250115.78_.6_+2.0",
        "20250115.78_HP61302",
        "20250115.78_HP196608",
        "20250115.78_hp061302",
        "20250115.78_HP0613020",
        "20250115.78_HP+61302",
        " 20250115.78",
        "20250115.78 ",
        "20250115.78_83.6_+22.0\n",
        "２0250115.78",
        "20250115.78_8é.6_+22.0",
    ] {
        assert!(bad.parse::<ChunkKey>().is_err(), "{bad:?}");
    }
}

proptest! {
    #[test]
    fn every_key_reads_back(micros in UtcTime::MIN.micros()..=UtcTime::MAX.micros(), ra in -1e4..1e4f64, dec in -90.0..=90.0f64) {
        let time = UtcTime::from_micros(micros).unwrap();
        let place = pos(ra, dec);
        for key in [ChunkKey::position(time, Some(&place)), ChunkKey::position(time, None), ChunkKey::healpix(time, &place)] {
            let text = key.to_string();
            prop_assert!(!text.contains("-0.0") && !text.contains("360.0"), "{}", text);
            prop_assert_eq!(text.parse::<ChunkKey>().unwrap(), key);
            prop_assert_eq!(parse_key(&text).unwrap(), key);
            prop_assert!(key.slot().start() <= time && (time < key.slot().end() || key.slot().end() == UtcTime::MAX));
        }
    }

    #[test]
    fn no_text_is_read_into_a_key_that_prints_otherwise(text in "[0-9]{8}\\.[0-9]{2}(_[0-9]{1,3}\\.[0-9]_[+-][0-9]{1,2}\\.[0-9]|_HP[0-9]{6})?|\\PC{0,40}") {
        if let Ok(key) = text.parse::<ChunkKey>() {
            prop_assert_eq!(key.to_string(), text);
        }
    }

    #[test]
    fn php_and_our_keys_agree_where_php_was_right(seconds in 0..86_400u32, ra in 0.0..359.94f64, dec in -90.0..=90.0f64) {
        prop_assume!(!(-0.05..0.0).contains(&dec));
        let date = format!("2025-01-15T{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
        let ours = ChunkKey::position(crate::time(&date), Some(&pos(ra, dec))).to_string();
        prop_assert_eq!(php_chunk_key(&date, Some((ra, dec)), 0).unwrap(), Some(ours));
    }

    #[test]
    fn no_date_makes_the_legacy_reader_panic(text in "\\PC{0,60}|[0-9T:./ +-]{0,40}", zone in any::<i32>(), ra in any::<f64>(), dec in any::<f64>()) {
        if let Ok(Some(key)) = php_chunk_key(&text, Some((ra, dec)), zone) {
            prop_assert!(key.len() < 50, "{}", key);
        }
    }
}
