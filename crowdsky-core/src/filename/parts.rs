//! The pieces names are put together from.

use core::fmt;
use core::str::FromStr;

use crate::time::{checked_days, digits};
use crate::{Error, Filter, Result, UtcTime};

/// Longest target that is written, in bytes: the other parts of our longest name need some 70 of a file system's 255.
const LONGEST_TARGET: usize = 120;
/// Longest filter that is written, in bytes.
const LONGEST_FILTER: usize = 40;
/// Written for frames that name no target, as the telescope does.
const UNKNOWN: &str = "Unknown";

/// What was pointed at, as names have it: never empty, without path separators and control characters.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Target(String);

impl Target {
    /// Makes any text fit for a file name, on Windows and on WebDAV too.
    ///
    /// Path separators, control and direction characters and `:*?"<>|` become `-`; blanks and points at the ends go,
    /// so that no name is hidden or means a folder above; more than 120 bytes are cut; nothing left is `Unknown`.
    ///
    /// ```
    /// use crowdsky_core::Target;
    ///
    /// assert_eq!(Target::sanitise("NGC 7023").as_str(), "NGC 7023");
    /// assert_eq!(Target::sanitise("../M 31/core").as_str(), "-M 31-core");
    /// assert_eq!(Target::sanitise("  ").as_str(), "Unknown");
    /// ```
    pub fn sanitise(text: &str) -> Target {
        Target(safe_text(text, LONGEST_TARGET))
    }

    /// Takes a target out of an existing name as it stands.
    pub(super) fn parse(text: &str) -> Result<Target, &'static str> {
        if text.is_empty() {
            return Err("has no target");
        }
        if matches!(text, "." | "..") {
            return Err("has a target that means a folder");
        }
        if text.contains(['/', '\\']) || text.chars().any(is_unprintable) {
            return Err("has a path separator or a control character in it");
        }
        Ok(Target(text.into()))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it says that there is no name.
    pub fn is_unknown(&self) -> bool {
        self.0 == UNKNOWN
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// The rule of [`Target::sanitise`], for at most `longest` bytes.
fn safe_text(text: &str, longest: usize) -> String {
    let unfit =
        |c: char| is_unprintable(c) || matches!(c, '/' | '\\' | ':' | '*' | '?' | '"' | '<' | '>' | '|');
    let at_end = |c: char| c.is_whitespace() || c == '.';
    let clean: String = text
        .chars()
        .map(|c| match c {
            c if unfit(c) => '-',
            c if c.is_whitespace() => ' ',
            c => c,
        })
        .collect();
    let clean = clean.trim_matches(at_end);
    let mut length = clean.len().min(longest);
    while !clean.is_char_boundary(length) {
        length -= 1;
    }
    let clean = clean[..length].trim_end_matches(at_end);
    if clean.is_empty() { UNKNOWN.into() } else { clean.into() }
}

/// Control characters, and those that turn the direction of writing and so hide what a name ends in.
fn is_unprintable(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

/// A filter as a name has it: one word.
pub(super) fn filter_word(word: &str) -> Result<Filter, &'static str> {
    if word.contains(['/', '\\', '_']) || word.chars().any(is_unprintable) {
        return Err("has a path separator or a control character in its filter");
    }
    match word.parse() {
        // Only what prints the same again: ' lp' is no way to write LP.
        Ok(filter) if Filter::to_string(&filter) == word => Ok(filter),
        _ => Err("has an odd filter (IRCUT and LP are written in capitals, without blanks around)"),
    }
}

/// A filter of a header made into one word that cannot be taken for an exposure.
pub(super) fn safe_filter(filter: Filter) -> Filter {
    let Filter::Other(name) = filter else { return filter };
    let mut word = safe_text(&name.replace('_', "-"), LONGEST_FILTER);
    if word.strip_suffix('s').and_then(Exposure::parse).is_some() {
        word.insert(0, '-');
    }
    word.parse().unwrap_or(Filter::Other(word))
}

/// Length of an exposure, kept as it is written (`10.0`, not `10`) so that names print as they were read.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Exposure(String);

impl Exposure {
    /// Written with at least one decimal and at most three: `10.0`, `0.25`.
    ///
    /// # Errors
    /// [`Error::Range`] below 0, from 1e6 s on, and for NaN.
    pub fn from_seconds(seconds: f64) -> Result<Exposure> {
        if !(0.0..1e6).contains(&seconds) {
            return Err(Error::Range { what: "EXPTIME", value: seconds, allowed: "0 to 1e6 seconds" });
        }
        let text = format!("{:.3}", seconds + 0.0);
        let text = text.trim_end_matches('0');
        Ok(Exposure(if text.ends_with('.') { format!("{text}0") } else { text.into() }))
    }

    /// Up to 7 digits, with or without a point and up to 6 decimals.
    pub(super) fn parse(text: &str) -> Option<Exposure> {
        let (whole, decimals) = text.split_once('.').unwrap_or((text, "0"));
        let is_number =
            |s: &str, most| (1..=most).contains(&s.len()) && s.bytes().all(|b| b.is_ascii_digit());
        (is_number(whole, 7) && is_number(decimals, 6)).then(|| Exposure(text.into()))
    }

    /// The length in seconds.
    pub fn seconds(&self) -> f64 {
        // Digits and one point at most, by construction.
        self.0.parse().unwrap_or(f64::NAN)
    }
}

/// Without the `s`.
impl fmt::Display for Exposure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// The time in a telescope's file name: its *local* wall time of saving, in whole seconds, of a zone not told.
///
/// It is no observation time: it comes 13 to 24 s after DATE-OBS, hours shifted by the zone. Prints as
/// `YYYYMMDD-HHMMSS`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileStamp(UtcTime);

impl FileStamp {
    /// The stamp of a UTC time for a telescope `zone_s` seconds east of Greenwich; fractions are cut.
    pub fn from_utc(time: UtcTime, zone_s: i32) -> FileStamp {
        let local = time.plus_seconds(f64::from(zone_s));
        FileStamp(local.plus_seconds(-(local.micros().rem_euclid(1_000_000) as f64) / 1e6))
    }

    /// The UTC time of a stamp, if the telescope's clock is `zone_s` seconds ahead of UTC.
    pub fn to_utc(self, zone_s: i32) -> UtcTime {
        self.0.plus_seconds(-f64::from(zone_s))
    }

    /// From `YYYYMMDD` and `HHMMSS`.
    pub(super) fn from_parts(date: &str, time: &str) -> Option<FileStamp> {
        let (date, time) = (date.as_bytes(), time.as_bytes());
        if (date.len(), time.len()) != (8, 6) {
            return None;
        }
        let days = checked_days(digits(date, 0, 4)? as i32, digits(date, 4, 2)?, digits(date, 6, 2)?).ok()?;
        let (hour, minute, second) = (digits(time, 0, 2)?, digits(time, 2, 2)?, digits(time, 4, 2)?);
        let exists = hour < 24 && minute < 60 && second < 60;
        exists.then(|| {
            FileStamp(UtcTime::from_days(days).plus_seconds(f64::from(hour * 3600 + minute * 60 + second)))
        })
    }

    /// Printed with another character between date and time.
    pub(super) fn with_separator(self, separator: char) -> String {
        let ((year, month, day), (h, m, s)) = (self.0.date(), self.0.hms());
        format!("{year:04}{month:02}{day:02}{separator}{h:02}{m:02}{s:02}")
    }
}

impl fmt::Display for FileStamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.with_separator('-'))
    }
}

impl FromStr for FileStamp {
    type Err = Error;

    fn from_str(text: &str) -> Result<FileStamp> {
        let stamp = text.split_once('-').and_then(|(date, time)| FileStamp::from_parts(date, time));
        stamp.ok_or_else(|| Error::parse("time stamp", text, "is not an existing YYYYMMDD-HHMMSS"))
    }
}

/// How a file name ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Extension {
    /// `.fit`, as the telescope and CrowdSky write it.
    Fit,
    /// `.fits`.
    Fits,
    /// `.fit.gz`: the whole file compressed.
    FitGz,
    /// `.fits.gz`.
    FitsGz,
    /// `.fit.fz`: the image compressed in tiles.
    FitFz,
    /// `.fits.fz`.
    FitsFz,
    /// `.jpg`: the picture beside it.
    Jpg,
    /// `_thn.jpg`: the small picture.
    Thumbnail,
}

impl Extension {
    // `_thn.jpg` before `.jpg`: the longer of two that fit.
    const ALL: [Extension; 8] = {
        use Extension::*;
        [Fit, Fits, FitGz, FitsGz, FitFz, FitsFz, Thumbnail, Jpg]
    };

    /// As written.
    pub const fn as_str(self) -> &'static str {
        match self {
            Extension::Fit => ".fit",
            Extension::Fits => ".fits",
            Extension::FitGz => ".fit.gz",
            Extension::FitsGz => ".fits.gz",
            Extension::FitFz => ".fit.fz",
            Extension::FitsFz => ".fits.fz",
            Extension::Jpg => ".jpg",
            Extension::Thumbnail => "_thn.jpg",
        }
    }

    /// Whether such a file is FITS, compressed or not.
    pub const fn is_fits(self) -> bool {
        !matches!(self, Extension::Jpg | Extension::Thumbnail)
    }

    /// Splits a name into what stands before and the extension, in capitals or not.
    pub fn split(name: &str) -> Option<(&str, Extension)> {
        Extension::ALL.into_iter().find_map(|extension| {
            let at = name.len().checked_sub(extension.as_str().len())?;
            let end = name.get(at..)?;
            end.eq_ignore_ascii_case(extension.as_str()).then(|| (&name[..at], extension))
        })
    }
}

impl fmt::Display for Extension {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
