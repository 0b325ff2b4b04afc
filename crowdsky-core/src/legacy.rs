//! The first server's chunk keys with their faults, for importing what it stored.
//!
//! The original was written in PHP. Its keys differ from [`crate::ChunkKey`] where it rounded to `360.0` or `-0.0`,
//! and where `strtotime` accepted what is no DATE-OBS: impossible days roll over into the next month, `01/02/25` is
//! the 2nd of January 2025, a date without a zone is taken in the server's own zone. [`php_chunk_key`] repeats all
//! that so that an old row can be found again; [`parse_key`] reads an old key into its canonical form.

use crate::chunk::split_place;
use crate::time::{SECONDS_PER_DAY, days_from_date, digits, zone_seconds};
use crate::{ChunkKey, Error, Result, RoundedPointing, TimeSlot, UtcTime};

/// Words with which `strtotime` asks the clock.
const RELATIVE: [&str; 14] = [
    "now",
    "today",
    "midnight",
    "noon",
    "tomorrow",
    "yesterday",
    "ago",
    "next",
    "last",
    "previous",
    "this",
    "first",
    "back",
    "front",
];

/// The key the PHP server gave a frame; `None` where it gave none.
///
/// `server_zone_s` is the server's distance from UTC in seconds (east positive) on that date: 0 for a server on UTC,
/// 3600 for one in Vienna in winter, which moved every key by four slots. As in PHP, a pointing counts only when
/// both numbers are there.
///
/// ```
/// use crowdsky_core::legacy::{parse_key, php_chunk_key};
///
/// let old = php_chunk_key("2025-01-15T23:59:59.999", Some((359.95, -0.04)), 0)?;
/// assert_eq!(old.as_deref(), Some("20250115.95_360.0_-0.0"));
/// assert_eq!(parse_key("20250115.95_360.0_-0.0")?.to_string(), "20250115.95_0.0_+0.0");
/// # Ok::<(), crowdsky_core::Error>(())
/// ```
///
/// # Errors
/// [`Error::NotReproducible`] for `now`, `yesterday` and their like, whose answer depended on the moment, and for forms
/// of `strtotime` that no telescope writes; [`Error::Range`] for a pointing that is not finite (PHP made keys
/// with `INF` and `NaN` of those) or beyond 1e9 deg.
pub fn php_chunk_key(
    date_obs: &str,
    ra_dec_deg: Option<(f64, f64)>,
    server_zone_s: i32,
) -> Result<Option<String>> {
    let Some(seconds) = php_time(date_obs, i64::from(server_zone_s))? else { return Ok(None) };
    let time = UtcTime::from_micros(seconds.saturating_mul(1_000_000))
        .map_err(|_| Error::not_reproducible(date_obs, "it leaves the years 0 to 9999"))?;
    let slot = TimeSlot::of(time);
    let Some((ra, dec)) = ra_dec_deg else { return Ok(Some(slot.to_string())) };
    let (ra, rounded_dec) = (php_round("RA", ra)?, php_round("DEC", dec)?);
    // The sign is that before rounding: the source of -0.0. IEEE -0.0 counts as positive.
    let sign = if dec >= 0.0 { '+' } else { '-' };
    Ok(Some(format!("{slot}_{ra:.1}_{sign}{:.1}", rounded_dec.abs())))
}

/// Reads a key the PHP server may have stored: also `360.0`, which is RA 0.0, and `-0.0`, which is DEC +0.0.
///
/// # Errors
/// [`Error::Parse`] for everything else that is no chunk key, such as `INF` and `NaN`.
pub fn parse_key(text: &str) -> Result<ChunkKey> {
    let strict = text.parse();
    let Err(error) = strict else { return strict };
    let Some((slot, place)) = text.split_once('_') else { return Err(error) };
    let (Ok(slot), Some((ra, (negative, dec)))) = (slot.parse(), split_place(place)) else {
        return Err(error);
    };
    let ra = if ra == 3600 { 0 } else { ra };
    match RoundedPointing::from_tenths(ra, if negative { -dec } else { dec }) {
        Some(pointing) => Ok(ChunkKey::Position { slot, pointing: Some(pointing) }),
        None => Err(error),
    }
}

/// PHP's `round($x, 1)`, halves away from zero; -0.0 prints as `0.0` there.
fn php_round(what: &'static str, degrees: f64) -> Result<f64> {
    // 1e9 deg has seven digits left after the point, so that the rounding is still PHP's.
    if degrees.abs() <= 1e9 {
        Ok(libm::round(degrees * 10.0) / 10.0 + 0.0)
    } else {
        Err(Error::Range { what, value: degrees, allowed: "a finite number of degrees" })
    }
}

/// `strtotime` for the forms a header may hold: seconds since 1970-01-01 UTC, fractions cut. `None`: PHP said false.
fn php_time(text: &str, server_zone_s: i64) -> Result<Option<i64>> {
    let bytes = text.trim().as_bytes();
    if bytes.is_empty() {
        return Ok(None);
    }
    if !text.contains(|c: char| c.is_ascii_digit()) {
        let lower = text.to_ascii_lowercase();
        if lower.split(|c: char| !c.is_ascii_alphabetic()).any(|word| RELATIVE.contains(&word)) {
            return Err(Error::not_reproducible(text, "its meaning depended on the moment; give a date"));
        }
        return Ok(None);
    }
    if let [_, _, b'/', _, _, b'/', ..] = bytes {
        return american_date(text, bytes).map(|days| days.map(|d| d * SECONDS_PER_DAY - server_zone_s));
    }
    let unknown =
        || Error::not_reproducible(text, "this form is not written by any telescope; correct it by hand");
    let (Some(year), Some(month), Some(day)) =
        (digits(bytes, 0, 4), digits(bytes, 5, 2), digits(bytes, 8, 2))
    else {
        return Err(unknown());
    };
    if bytes[4] != b'-' || bytes[7] != b'-' {
        return Err(unknown());
    }
    if month > 12 || day > 31 {
        return Ok(None);
    }
    let days = rolled_days(year as i32, month, day);
    let time = &bytes[10..];
    if time.is_empty() {
        return Ok(Some(days * SECONDS_PER_DAY - server_zone_s));
    }
    let (Some(hour), Some(minute), Some(second)) =
        (digits(time, 1, 2), digits(time, 4, 2), digits(time, 7, 2))
    else {
        return Err(unknown());
    };
    if !matches!(time[0], b'T' | b't' | b' ') || time[3] != b':' || time[6] != b':' {
        return Err(unknown());
    }
    // 24:00:00 and second 60 roll over; 25:00:00 is refused.
    if hour > 24 || minute > 59 || second > 60 {
        return Ok(None);
    }
    let mut rest = &time[9..];
    if let [b'.', fraction @ ..] = rest {
        rest = &fraction[fraction.iter().take_while(|b| b.is_ascii_digit()).count()..];
    }
    let zone = if rest.is_empty() { server_zone_s } else { zone_seconds(rest).ok_or_else(unknown)? };
    Ok(Some(days * SECONDS_PER_DAY + i64::from(hour * 3600 + minute * 60 + second) - zone))
}

/// `MM/DD/YY` or `MM/DD/YYYY`; two digits below 70 are 20YY. In days since 1970-01-01.
fn american_date(text: &str, bytes: &[u8]) -> Result<Option<i64>> {
    let year = match bytes.len() {
        8 => digits(bytes, 6, 2).map(|y| if y < 70 { 2000 + y } else { 1900 + y }),
        10 => digits(bytes, 6, 4),
        _ => None,
    };
    let (Some(month), Some(day), Some(year)) = (digits(bytes, 0, 2), digits(bytes, 3, 2), year) else {
        return Err(Error::not_reproducible(
            text,
            "only MM/DD/YY and MM/DD/YYYY are repeated; correct it by hand",
        ));
    };
    Ok((month <= 12 && day <= 31).then(|| rolled_days(year as i32, month, day)))
}

/// Day 0 is the last of the month before, month 0 the December before, day 31 of a short month rolls over.
fn rolled_days(year: i32, month: u32, day: u32) -> i64 {
    if month == 0 { days_from_date(year - 1, 12, day) } else { days_from_date(year, month, day) }
}
