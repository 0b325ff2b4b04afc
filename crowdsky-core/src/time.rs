//! Observation times: UTC, to the microsecond, without a clock.
//!
//! [`UtcTime::parse_date_obs`] reads the FITS keyword DATE-OBS strictly. The original server used PHP's `strtotime`,
//! which takes `now`, the 30th of February and the American order of days and months; see [`crate::legacy`].

use core::fmt;
use core::str::FromStr;

use crate::{Error, Result};

pub(crate) const MICROS_PER_SECOND: i64 = 1_000_000;
pub(crate) const SECONDS_PER_DAY: i64 = 86_400;
const MICROS_PER_DAY: i64 = SECONDS_PER_DAY * MICROS_PER_SECOND;

/// Longest DATE-OBS that is looked at, in bytes; a FITS string value has room for 68.
const LONGEST: usize = 68;

/// An instant in UTC, in whole microseconds since 1970-01-01T00:00:00, from year 0 to year 9999.
///
/// Leap seconds have no place of their own: `23:59:60` is the first second of the next day.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UtcTime(i64);

impl UtcTime {
    /// 0000-01-01T00:00:00, the first instant FITS can write with four digits of year.
    pub const MIN: UtcTime = UtcTime(days_from_date(0, 1, 1) * MICROS_PER_DAY);
    /// 9999-12-31T23:59:59.999999, the last one.
    pub const MAX: UtcTime = UtcTime(days_from_date(10_000, 1, 1) * MICROS_PER_DAY - 1);

    /// From microseconds since 1970-01-01T00:00:00 UTC.
    ///
    /// # Errors
    /// [`Error::Range`] outside the years 0 to 9999.
    pub fn from_micros(micros: i64) -> Result<UtcTime> {
        if (Self::MIN.0..=Self::MAX.0).contains(&micros) {
            Ok(UtcTime(micros))
        } else {
            Err(Error::Range {
                what: "time",
                value: micros as f64 / 1e6,
                allowed: "within the years 0 to 9999",
            })
        }
    }

    /// From calendar date and time of day; `second` (below 61) is rounded to the microsecond.
    ///
    /// # Errors
    /// [`Error::Range`] for an impossible date or time of day.
    pub fn from_ymd_hms(
        year: i32,
        month: u32,
        day: u32,
        hour: u32,
        minute: u32,
        second: f64,
    ) -> Result<UtcTime> {
        let days = checked_days(year, month, day)?;
        let range = |what, value, allowed| Err(Error::Range { what, value, allowed });
        if hour > 23 {
            return range("hour", f64::from(hour), "0 to 23");
        }
        if minute > 59 {
            return range("minute", f64::from(minute), "0 to 59");
        }
        if !(0.0..61.0).contains(&second) {
            return range("second", second, "0 to 60 (60 only for a leap second)");
        }
        let micros = libm::round(second * 1e6) as i64;
        let minutes = i64::from(hour) * 60 + i64::from(minute);
        UtcTime::from_micros(days * MICROS_PER_DAY + minutes * 60 * MICROS_PER_SECOND + micros)
    }

    /// Reads the value of DATE-OBS (or DATE-END, DATE-AVG).
    ///
    /// Accepted, and nothing else: `YYYY-MM-DDThh:mm:ss[.s...]` and `YYYY-MM-DD` of FITS 4.0 (section 9.1.1), each
    /// with blanks after it; the old `DD/MM/YY`, which means 19YY; and on a date with a time a zone `Z`, `+hh`,
    /// `+hhmm` or `+hh:mm`, which FITS forbids but some software writes. No zone means UTC. Second 60 is the next
    /// second. Digits beyond the microsecond are cut, so that a time never moves to the next 15-minute slot.
    ///
    /// ```
    /// use crowdsky_core::UtcTime;
    ///
    /// let start = UtcTime::parse_date_obs("2025-03-27T01:20:32.955368")?;
    /// assert_eq!(start.to_string(), "2025-03-27T01:20:32.955");
    /// assert_eq!(UtcTime::parse_date_obs("01/02/25")?.date(), (1925, 2, 1));
    /// assert!(UtcTime::parse_date_obs("2025-02-30T12:00:00").is_err());
    /// # Ok::<(), crowdsky_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Parse`] with the reason.
    pub fn parse_date_obs(text: &str) -> Result<UtcTime> {
        let bad = |why| Error::parse("DATE-OBS", text, why);
        let bytes = text.trim_end_matches(' ').as_bytes();
        if bytes.is_empty() {
            return Err(bad("is empty; write YYYY-MM-DDThh:mm:ss"));
        }
        if bytes.len() > LONGEST {
            return Err(bad("is longer than a FITS value can be"));
        }
        if let [_, _, b'/', _, _, b'/', _, _] = bytes {
            let (Some(day), Some(month), Some(year)) =
                (digits(bytes, 0, 2), digits(bytes, 3, 2), digits(bytes, 6, 2))
            else {
                return Err(bad("is not DD/MM/YY"));
            };
            let days = checked_days(1900 + year as i32, month, day)
                .map_err(|_| bad("names a day that does not exist (read as DD/MM/YY, year 19YY)"))?;
            return Ok(UtcTime(days * MICROS_PER_DAY));
        }
        let (Some(year), Some(month), Some(day)) =
            (digits(bytes, 0, 4), digits(bytes, 5, 2), digits(bytes, 8, 2))
        else {
            return Err(bad("is not of the form YYYY-MM-DDThh:mm:ss"));
        };
        if bytes[4] != b'-' || bytes[7] != b'-' {
            return Err(bad("is not of the form YYYY-MM-DDThh:mm:ss"));
        }
        let days =
            checked_days(year as i32, month, day).map_err(|_| bad("names a day that does not exist"))?;
        let time = &bytes[10..];
        if time.is_empty() {
            return Ok(UtcTime(days * MICROS_PER_DAY));
        }
        let micros = time_of_day(time).map_err(bad)?;
        UtcTime::from_micros(days * MICROS_PER_DAY + micros).map_err(|_| bad("leaves the years 0 to 9999"))
    }

    /// Microseconds since 1970-01-01T00:00:00 UTC.
    pub const fn micros(self) -> i64 {
        self.0
    }

    /// This time `seconds` later (earlier when negative), to the microsecond. Stops at [`MIN`](Self::MIN) and
    /// [`MAX`](Self::MAX); NaN adds nothing.
    #[must_use]
    pub fn plus_seconds(self, seconds: f64) -> UtcTime {
        // `as` saturates, and takes NaN to 0.
        let step = libm::round(seconds * 1e6) as i64;
        UtcTime(self.0.saturating_add(step).clamp(Self::MIN.0, Self::MAX.0))
    }

    /// Seconds from `other` to this time; negative when `other` is later.
    pub fn seconds_since(self, other: UtcTime) -> f64 {
        (self.0 - other.0) as f64 / 1e6
    }

    /// Calendar date (Gregorian): year, month 1 to 12, day 1 to 31.
    pub const fn date(self) -> (i32, u32, u32) {
        date_from_days(self.days())
    }

    /// Whole seconds since midnight UTC, 0 to 86399.
    pub const fn seconds_of_day(self) -> u32 {
        (self.0.rem_euclid(MICROS_PER_DAY) / MICROS_PER_SECOND) as u32
    }

    /// `2025-03-27T01:20:32.955368`: all six digits that are kept.
    pub fn to_iso_micros(self) -> String {
        format!("{}.{:06}", self.whole_seconds(), self.0.rem_euclid(MICROS_PER_SECOND))
    }

    /// Days since 1970-01-01.
    pub(crate) const fn days(self) -> i64 {
        self.0.div_euclid(MICROS_PER_DAY)
    }

    /// Start of a day, which the caller has taken from a `UtcTime` or from [`checked_days`].
    pub(crate) const fn from_days(days: i64) -> UtcTime {
        UtcTime(days * MICROS_PER_DAY)
    }

    /// Hour, minute and second of the day.
    pub(crate) const fn hms(self) -> (u32, u32, u32) {
        let s = self.seconds_of_day();
        (s / 3600, s / 60 % 60, s % 60)
    }

    fn whole_seconds(self) -> String {
        let ((year, month, day), (h, m, s)) = (self.date(), self.hms());
        format!("{year:04}-{month:02}-{day:02}T{h:02}:{m:02}:{s:02}")
    }
}

/// With milliseconds, as FITS headers have it; further digits are cut, not rounded.
impl fmt::Display for UtcTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let millis = self.0.rem_euclid(MICROS_PER_SECOND) / 1000;
        f.pad(&format!("{}.{millis:03}", self.whole_seconds()))
    }
}

impl fmt::Debug for UtcTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "UtcTime({})", self.to_iso_micros())
    }
}

impl FromStr for UtcTime {
    type Err = Error;

    fn from_str(text: &str) -> Result<UtcTime> {
        UtcTime::parse_date_obs(text)
    }
}

/// `Thh:mm:ss[.s...][zone]` in microseconds since midnight UTC of the written date.
fn time_of_day(bytes: &[u8]) -> Result<i64, &'static str> {
    const FORM: &str = "has no time of the form Thh:mm:ss after the date";
    let (Some(hour), Some(minute), Some(second)) =
        (digits(bytes, 1, 2), digits(bytes, 4, 2), digits(bytes, 7, 2))
    else {
        return Err(FORM);
    };
    if bytes[0] != b'T' || bytes[3] != b':' || bytes[6] != b':' {
        return Err(FORM);
    }
    if hour > 23 || minute > 59 || second > 60 {
        return Err("names a time of day that does not exist");
    }
    let mut rest = &bytes[9..];
    let mut micros = 0;
    if let [b'.', fraction @ ..] = rest {
        let count = fraction.iter().take_while(|b| b.is_ascii_digit()).count();
        if count == 0 {
            return Err("has a decimal point without digits");
        }
        let six = fraction[..count].iter().copied().chain(core::iter::repeat(b'0')).take(6);
        micros = six.fold(0, |sum, b| sum * 10 + i64::from(b - b'0'));
        rest = &fraction[count..];
    }
    let offset = zone_seconds(rest).ok_or("ends in something that is not a zone such as Z or +02:00")?;
    let seconds = i64::from(hour * 3600 + minute * 60 + second) - offset;
    Ok(seconds * MICROS_PER_SECOND + micros)
}

/// Seconds east of Greenwich: nothing or `Z`, `+hh`, `+hhmm`, `+hh:mm`.
pub(crate) fn zone_seconds(bytes: &[u8]) -> Option<i64> {
    let (sign, rest) = match bytes {
        [] | [b'Z'] => return Some(0),
        [b'+', rest @ ..] => (1, rest),
        [b'-', rest @ ..] => (-1, rest),
        _ => return None,
    };
    let (hour, minute) = match rest.len() {
        2 => (digits(rest, 0, 2)?, 0),
        4 => (digits(rest, 0, 2)?, digits(rest, 2, 2)?),
        5 if rest[2] == b':' => (digits(rest, 0, 2)?, digits(rest, 3, 2)?),
        _ => return None,
    };
    (hour < 24 && minute < 60).then_some(sign * i64::from(hour * 3600 + minute * 60))
}

/// The number written by exactly `len` (at most 9) ASCII digits from byte `at`.
pub(crate) fn digits(bytes: &[u8], at: usize, len: usize) -> Option<u32> {
    let field = bytes.get(at..at + len)?;
    field.iter().try_fold(0, |sum, b| b.is_ascii_digit().then(|| sum * 10 + u32::from(b - b'0')))
}

/// Days since 1970-01-01 of a date that exists in the years 0 to 9999.
pub(crate) fn checked_days(year: i32, month: u32, day: u32) -> Result<i64> {
    let range = |what, value, allowed| Err(Error::Range { what, value, allowed });
    if !(0..=9999).contains(&year) {
        return range("year", f64::from(year), "0 to 9999");
    }
    if !(1..=12).contains(&month) {
        return range("month", f64::from(month), "1 to 12");
    }
    let days = days_from_date(year, month, day);
    // A day the month does not have comes back as a day of another month.
    if day == 0 || date_from_days(days) != (year, month, day) {
        return range("day", f64::from(day), "a day of its month");
    }
    Ok(days)
}

/// Days from 1970-01-01 to a Gregorian date. A day outside its month rolls over, as PHP's dates do.
///
/// The year is counted from 1 March, so that the leap day comes last and months begin at
/// `(153 m + 2) / 5` days; 719468 is the day number of 1970-01-01 from 0000-03-01.
pub(crate) const fn days_from_date(year: i32, month: u32, day: u32) -> i64 {
    let march_year = year as i64 - (month <= 2) as i64;
    let march_month = (month as i64 + 9) % 12;
    let leap_days = march_year.div_euclid(4) - march_year.div_euclid(100) + march_year.div_euclid(400);
    march_year * 365 + leap_days + (153 * march_month + 2) / 5 + day as i64 - 1 - 719_468
}

/// The Gregorian date of a day number; the inverse of [`days_from_date`].
const fn date_from_days(days: i64) -> (i32, u32, u32) {
    let day = days + 719_468;
    // Within a 400-year cycle of 146097 days, the year follows after taking out the leap days passed.
    let (cycle, in_cycle) = (day.div_euclid(146_097), day.rem_euclid(146_097));
    let leap_days = in_cycle / 1460 - in_cycle / 36_524 + in_cycle / 146_096;
    let in_cycle_year = (in_cycle - leap_days) / 365;
    let in_year = in_cycle - (365 * in_cycle_year + in_cycle_year / 4 - in_cycle_year / 100);
    let march_month = (5 * in_year + 2) / 153;
    let day_of_month = in_year - (153 * march_month + 2) / 5 + 1;
    let month = if march_month < 10 { march_month + 3 } else { march_month - 9 };
    let year = cycle * 400 + in_cycle_year + (month <= 2) as i64;
    (year as i32, month as u32, day_of_month as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calendar_goes_there_and_back() {
        // Every day from year 0 to 9999 would be 3.65 million; a step of 17 days meets every date within 17 cycles.
        let (first, last) = (days_from_date(0, 1, 1), days_from_date(9999, 12, 31));
        let mut previous = (-1, 12, 31);
        for days in (first..=last).step_by(17) {
            let date = date_from_days(days);
            assert!(date > previous, "{date:?} after {previous:?}");
            assert_eq!(days_from_date(date.0, date.1, date.2), days);
            previous = date;
        }
        assert_eq!(date_from_days(0), (1970, 1, 1));
        assert_eq!(date_from_days(19_782), (2024, 2, 29));
    }

    #[test]
    fn seconds_move_and_measure() {
        let t = UtcTime::from_ymd_hms(2025, 3, 27, 1, 20, 32.955).expect("a date");
        assert_eq!(t.plus_seconds(10.5).seconds_since(t), 10.5);
        assert_eq!(t.plus_seconds(f64::INFINITY), UtcTime::MAX);
        assert_eq!(t.plus_seconds(f64::NEG_INFINITY), UtcTime::MIN);
        assert_eq!(t.plus_seconds(f64::NAN), t);
        assert_eq!(t.seconds_of_day(), 4832);
    }

    #[test]
    fn before_1970_counts_down() {
        let t = UtcTime::parse_date_obs("1969-12-31T23:59:59.5").expect("a date");
        assert_eq!(t.micros(), -500_000);
        assert_eq!(t.to_string(), "1969-12-31T23:59:59.500");
    }
}
