//! Chunks: which quarter of an hour, and the two keys that label what was seen in it.
//!
//! A key is a label, not an identity: two users, two telescopes or two filters may share one, and rounding may give
//! the frames of one run two keys. [`crate::group`] decides what is stacked together.

use core::fmt;
use core::str::FromStr;

use crate::time::{SECONDS_PER_DAY, checked_days, digits};
use crate::{Error, HealpixTile, Result, SkyPos, UtcTime};

/// Length of a slot in seconds: 15 minutes.
pub const SLOT_SECONDS: u32 = 900;
/// Slots in a day: 96.
pub const SLOTS_PER_DAY: u32 = SECONDS_PER_DAY as u32 / SLOT_SECONDS;

/// A quarter of an hour: a UTC date and a slot number, 0 (from midnight) to 95. Prints as `YYYYMMDD.CC`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TimeSlot {
    /// Days since 1970-01-01, in the years 0 to 9999.
    days: i32,
    index: u8,
}

impl TimeSlot {
    /// From a date and a slot number.
    ///
    /// # Errors
    /// [`Error::Range`] for a day that does not exist or a number from 96 on.
    pub fn new(year: i32, month: u32, day: u32, index: u32) -> Result<TimeSlot> {
        let days = checked_days(year, month, day)? as i32;
        if index >= SLOTS_PER_DAY {
            return Err(Error::Range { what: "slot", value: f64::from(index), allowed: "0 to 95" });
        }
        Ok(TimeSlot { days, index: index as u8 })
    }

    /// The slot an instant lies in; an instant on the edge begins the later slot.
    pub const fn of(time: UtcTime) -> TimeSlot {
        TimeSlot { days: time.days() as i32, index: (time.seconds_of_day() / SLOT_SECONDS) as u8 }
    }

    /// Slot number within the day, 0 to 95.
    pub const fn index(self) -> u32 {
        self.index as u32
    }

    /// Year, month and day in UTC.
    pub const fn date(self) -> (i32, u32, u32) {
        UtcTime::from_days(self.days as i64).date()
    }

    /// First instant of the slot.
    pub fn start(self) -> UtcTime {
        UtcTime::from_days(i64::from(self.days)).plus_seconds(f64::from(self.index() * SLOT_SECONDS))
    }

    /// First instant after the slot (for the last slot of the year 9999, the last instant there is).
    pub fn end(self) -> UtcTime {
        self.start().plus_seconds(f64::from(SLOT_SECONDS))
    }
}

impl fmt::Display for TimeSlot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = self.date();
        f.pad(&format!("{year:04}{month:02}{day:02}.{:02}", self.index))
    }
}

impl FromStr for TimeSlot {
    type Err = Error;

    fn from_str(text: &str) -> Result<TimeSlot> {
        let bad = |why| Error::parse("time slot", text, why);
        let bytes = text.as_bytes();
        let (Some(year), Some(month), Some(day), Some(index), Some(b'.'), 11) = (
            digits(bytes, 0, 4),
            digits(bytes, 4, 2),
            digits(bytes, 6, 2),
            digits(bytes, 9, 2),
            bytes.get(8),
            text.len(),
        ) else {
            return Err(bad("is not of the form YYYYMMDD.CC"));
        };
        TimeSlot::new(year as i32, month, day, index)
            .map_err(|_| bad("names a day or a slot (00 to 95) that does not exist"))
    }
}

/// A pointing rounded to 0.1 deg, halves away from zero, as position keys have it: never 360.0, never -0.0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RoundedPointing {
    ra_tenths: u16,
    dec_tenths: i16,
}

impl RoundedPointing {
    /// Rounds a position.
    pub fn of(pos: &SkyPos) -> RoundedPointing {
        // `round` takes halves away from zero, as PHP does; `{:.1}` and Python's round() take 0.25 to 0.2.
        let ra_tenths = libm::round(pos.ra() * 10.0) as u16 % 3600;
        RoundedPointing { ra_tenths, dec_tenths: libm::round(pos.dec() * 10.0) as i16 }
    }

    /// The position that is written, in degrees.
    pub fn pos(self) -> SkyPos {
        SkyPos::reduced(f64::from(self.ra_tenths) / 10.0, f64::from(self.dec_tenths) / 10.0)
    }

    pub(crate) fn from_tenths(ra_tenths: u32, dec_tenths: i32) -> Option<RoundedPointing> {
        let in_range = ra_tenths < 3600 && (-900..=900).contains(&dec_tenths);
        in_range.then_some(RoundedPointing { ra_tenths: ra_tenths as u16, dec_tenths: dec_tenths as i16 })
    }
}

impl fmt::Display for RoundedPointing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.dec_tenths < 0 { '-' } else { '+' };
        let dec = self.dec_tenths.unsigned_abs();
        write!(f, "{}.{}_{sign}{}.{}", self.ra_tenths / 10, self.ra_tenths % 10, dec / 10, dec % 10)
    }
}

/// The label of a chunk, in either of the two generations of keys.
///
/// What is printed is canonical: one key has one text, and reading takes only that text, so
/// `text.parse::<ChunkKey>()?.to_string() == text`. Keys the PHP server stored with `360.0` or `-0.0` are read by
/// [`crate::legacy::parse_key`].
///
/// ```
/// use crowdsky_core::{ChunkKey, SkyPos, UtcTime};
///
/// let time = UtcTime::parse_date_obs("2025-01-15T19:30:00")?;
/// let crab = SkyPos::new(83.633, 22.014)?;
/// assert_eq!(ChunkKey::position(time, Some(&crab)).to_string(), "20250115.78_83.6_+22.0");
/// assert_eq!(ChunkKey::healpix(time, &crab).to_string(), "20250115.78_HP061302");
///
/// let key: ChunkKey = "20250115.78".parse()?;
/// assert_eq!(key, ChunkKey::position(time, None));
/// # Ok::<(), crowdsky_core::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ChunkKey {
    /// The server's key: `YYYYMMDD.CC_RRR.R_sDD.D`, or `YYYYMMDD.CC` for frames without a pointing.
    Position {
        /// When.
        slot: TimeSlot,
        /// Where, in steps of 0.1 deg.
        pointing: Option<RoundedPointing>,
    },
    /// The clients' key: `YYYYMMDD.CC_HPnnnnnn`.
    Healpix {
        /// When.
        slot: TimeSlot,
        /// Where.
        tile: HealpixTile,
    },
}

impl ChunkKey {
    /// The position key of a frame from its start and, where known, its pointing.
    pub fn position(time: UtcTime, pos: Option<&SkyPos>) -> ChunkKey {
        ChunkKey::Position { slot: TimeSlot::of(time), pointing: pos.map(RoundedPointing::of) }
    }

    /// The HEALPix key of a frame from its start and its pointing.
    pub fn healpix(time: UtcTime, pos: &SkyPos) -> ChunkKey {
        ChunkKey::Healpix { slot: TimeSlot::of(time), tile: HealpixTile::from_pos(pos) }
    }

    /// The quarter of an hour.
    pub const fn slot(&self) -> TimeSlot {
        match self {
            ChunkKey::Position { slot, .. } | ChunkKey::Healpix { slot, .. } => *slot,
        }
    }
}

impl fmt::Display for ChunkKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ChunkKey::Position { slot, pointing: None } => slot.fmt(f),
            ChunkKey::Position { slot, pointing: Some(p) } => f.pad(&format!("{slot}_{p}")),
            ChunkKey::Healpix { slot, tile } => f.pad(&format!("{slot}_{tile}")),
        }
    }
}

impl FromStr for ChunkKey {
    type Err = Error;

    fn from_str(text: &str) -> Result<ChunkKey> {
        let bad = |why| Error::parse("chunk key", text, why);
        let (slot, place) = match text.split_once('_') {
            Some((slot, place)) => (slot, Some(place)),
            None => (text, None),
        };
        let slot = slot
            .parse()
            .map_err(|_| bad("does not begin with a day and a slot, YYYYMMDD.CC with CC 00 to 95"))?;
        let Some(place) = place else { return Ok(ChunkKey::Position { slot, pointing: None }) };
        if place.starts_with("HP") {
            let tile =
                place.parse().map_err(|_| bad("does not end in HP and a tile number 000000 to 196607"))?;
            return Ok(ChunkKey::Healpix { slot, tile });
        }
        let (ra, dec) =
            split_place(place).ok_or_else(|| bad("is not YYYYMMDD.CC_RRR.R_sDD.D with plain decimals"))?;
        if dec == (true, 0) {
            return Err(bad("says -0.0; the key of this place has +0.0"));
        }
        let pointing = RoundedPointing::from_tenths(ra, if dec.0 { -dec.1 } else { dec.1 })
            .ok_or_else(|| bad("needs RA 0.0 to 359.9 and DEC -90.0 to +90.0"))?;
        Ok(ChunkKey::Position { slot, pointing: Some(pointing) })
    }
}

/// `RRR.R_sDD.D` into tenths of a degree: RA, and for Dec whether it is marked negative and its size.
pub(crate) fn split_place(place: &str) -> Option<(u32, (bool, i32))> {
    let (ra, dec) = place.split_once('_')?;
    let (negative, dec) = match dec.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, dec.strip_prefix('+')?),
    };
    Some((tenths(ra)?, (negative, tenths(dec)? as i32)))
}

/// A number of one to three digits without needless zeros, a point and one digit.
fn tenths(text: &str) -> Option<u32> {
    let bytes = text.as_bytes();
    let whole = bytes.len().checked_sub(2).filter(|n| (1..=3).contains(n))?;
    let padded = bytes[0] == b'0' && whole > 1;
    if padded || bytes[whole] != b'.' {
        return None;
    }
    Some(digits(bytes, 0, whole)? * 10 + digits(bytes, whole + 1, 1)?)
}
