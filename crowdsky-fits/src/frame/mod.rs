//! The door to `crowdsky-core`: a header's facts about an exposure, and the cards of a finished stack.
//!
//! To write one more keyword into stacks, add a line to [`stack_cards`].

mod class;
mod head;
#[cfg(feature = "serde")]
mod json;
mod refusal;

pub use class::FrameClass;
pub use head::FrameHead;
#[cfg(feature = "serde")]
pub use json::{FactsForm, FindingForm};
pub use refusal::Refusal;

use crate::card::Card;
use crate::finding::{Code, Finding};
use crate::header::excerpt;
use crate::{Header, Value, number};
use alloc::string::{String, ToString};
use alloc::{format, vec::Vec};
use crowdsky_core::{Filter, FrameMeta, SkyPos, StackMeta, UtcTime};

/// What a header says of its exposure. A card that is absent or cannot be used gives `None`, the latter with a finding; so does
/// the absence of DATE-OBS, EXPTIME, RA or DEC, without which a frame cannot be placed.
///
/// Numbers must be numbers: RA as the text '12 52 10' is no pointing, since nobody can tell hours from degrees.
///
/// ```
/// use crowdsky_fits::{Header, frame_meta};
/// let mut header = Header::new();
/// header.set("NAXIS", 2, "").set("NAXIS1", 1080, "").set("NAXIS2", 1920, "");
/// header.set("DATE-OBS", "2025-03-27T01:20:32.955368", "").set("EXPTIME", 10.0, "");
/// header.set("RA", "12 52 10", "").set("DEC", 40.97, "");
/// let (frame, findings) = frame_meta(&header);
/// assert_eq!((frame.width, frame.exptime, frame.pointing), (1080, Some(10.0), None));
/// assert_eq!(findings[0].to_string(),
///     "error 702 at byte 0 (RA): \"12 52 10\" is not a number of degrees; taken as absent");
/// ```
pub fn frame_meta(header: &Header) -> (FrameMeta, Vec<Finding>) {
    let mut read = Facts { header, findings: Vec::new() };
    let count = |keyword: &str| header.integer(keyword).and_then(|n| u32::try_from(n).ok());
    let mut frame = FrameMeta::new(count("NAXIS1").unwrap_or(0), count("NAXIS2").unwrap_or(0));
    frame.naxis = count("NAXIS").unwrap_or(0);
    frame.date_obs = read.date_obs();
    frame.exptime = read.exptime();
    frame.pointing = read.pointing();
    frame.object = read.text("OBJECT");
    frame.telescope = read.text("TELESCOP");
    frame.instrument = read.text("INSTRUME");
    frame.filter = read.text("FILTER").and_then(|text| text.parse::<Filter>().ok());
    frame.bayer = read.text("BAYERPAT");
    frame.image_type = read.text("IMAGETYP");
    frame.program = read.text("PROGRAM");
    frame.gain = read.number("GAIN", "a number");
    // Firmware writes 0 when it does not know.
    frame.focal_length_mm = read.number("FOCALLEN", "a number of millimetres").filter(|f| *f > 0.0);
    frame.pixel_size_um = read.number("XPIXSZ", "a number of micrometres").filter(|size| *size > 0.0);
    frame.ccd_temp = read.number("CCD-TEMP", "a number of degrees Celsius");
    frame.focus_pos = read.whole("FOCUSPOS");
    frame.stack_count = read.whole("STACKCNT").and_then(|n| u32::try_from(n).ok());
    frame.eq_mode = header.logical("EQMODE").or_else(|| read.whole("EQMODE").map(|n| n != 0));
    frame.site_lat = read.number("SITELAT", "a number of degrees");
    frame.site_long = read.number("SITELONG", "a number of degrees");
    (frame, read.findings)
}

struct Facts<'a> {
    header: &'a Header,
    findings: Vec<Finding>,
}

impl Facts<'_> {
    fn unusable(&mut self, card: &Card, why: &str) {
        let value = card.value().map_or_else(String::new, |value| excerpt(value.shown().trim(), 40));
        let message = format!("\"{value}\" {why}; taken as absent");
        self.findings.push(Finding::new(Code::FrameKeywordUnusable, card.keyword(), card.offset(), message));
    }

    fn missing(&mut self, keyword: &str, why: &str) {
        let message = format!("{keyword} is missing; {why}");
        self.findings.push(Finding::new(Code::FrameKeywordMissing, keyword, self.header.offset(), message));
    }

    /// The card, when it has a value at all.
    fn card(&self, keyword: &str) -> Option<&Card> {
        self.header.get(keyword).filter(|card| !matches!(card.value(), None | Some(Value::Undefined)))
    }

    fn number(&mut self, keyword: &str, what: &str) -> Option<f64> {
        let card = self.card(keyword)?.clone();
        let number = card.value().and_then(Value::as_real).filter(|n| n.is_finite());
        if number.is_none() {
            self.unusable(&card, &format!("is not {what}"));
        }
        number
    }

    fn whole(&mut self, keyword: &str) -> Option<i64> {
        let card = self.card(keyword)?.clone();
        let number = card.value().and_then(Value::as_integer);
        if number.is_none() {
            self.unusable(&card, "is not a whole number");
        }
        number
    }

    /// Text without blanks around it; a number that lost its quotes (OBJECT = 7023) is text all the same.
    fn text(&mut self, keyword: &str) -> Option<String> {
        let card = self.card(keyword)?;
        let text = match card.value()? {
            Value::Str(text) | Value::Invalid(text) | Value::BigInteger(text) => text.trim().to_string(),
            Value::Integer(n) => n.to_string(),
            Value::Real(n) => number::brief(*n),
            _ => String::new(),
        };
        Some(text).filter(|text| !text.is_empty())
    }

    fn date_obs(&mut self) -> Option<UtcTime> {
        let Some(card) = self.card("DATE-OBS").cloned() else {
            self.missing("DATE-OBS", "without it the frame belongs to no chunk");
            return None;
        };
        let Some(text) = card.value().and_then(Value::as_str) else {
            self.unusable(&card, "is not a date in quotes");
            return None;
        };
        UtcTime::parse_date_obs(text)
            .map_err(|error| {
                let message = format!("{error}; taken as absent");
                self.findings.push(Finding::new(
                    Code::FrameKeywordUnusable,
                    "DATE-OBS",
                    card.offset(),
                    message,
                ));
            })
            .ok()
    }

    fn exptime(&mut self) -> Option<f64> {
        let keyword = if self.card("EXPTIME").is_some() { "EXPTIME" } else { "EXPOSURE" };
        let Some(card) = self.card(keyword).cloned() else {
            self.missing("EXPTIME", "the length of the exposure is unknown");
            return None;
        };
        let seconds = self.number(keyword, "a number of seconds")?;
        if seconds > 0.0 {
            return Some(seconds);
        }
        self.unusable(&card, "is no length of an exposure");
        None
    }

    fn pointing(&mut self) -> Option<SkyPos> {
        for keyword in ["RA", "DEC"] {
            if self.card(keyword).is_none() {
                self.missing(keyword, "the frame's position is unknown");
            }
        }
        let (ra, dec) = (self.number("RA", "a number of degrees"), self.number("DEC", "a number of degrees"));
        let (ra, dec) = (ra?, dec?);
        let pointing = SkyPos::new(ra, dec);
        if pointing.is_err() {
            let card = self.card("DEC").cloned()?;
            self.unusable(&card, "is not a declination (-90 to 90 degrees)");
        }
        pointing.ok()
    }
}

/// The cards of a stack: what it shows, when, of how many frames. What is unknown is left out; text is made ASCII.
///
/// No BAYERPAT, BZERO, BSCALE or foreign WCS is carried over, and no wall clock is asked: the same frames give the same bytes.
pub fn stack_cards(meta: &StackMeta) -> Header {
    let mut cards = Header::new();
    let mut text = |keyword: &str, value: Option<String>, comment: &str| {
        if let Some(value) = value {
            // What fits one card: old programs do not know CONTINUE. A quote takes two places of the 68.
            let mut room = 68usize;
            let fits = |c: &char| {
                let width = if *c == '\'' { 2 } else { 1 };
                let left = room.checked_sub(width);
                room = left.unwrap_or(0);
                left.is_some()
            };
            cards.set(keyword, ascii(&value).chars().take_while(fits).collect::<String>(), comment);
        }
    };
    let time = |time: Option<UtcTime>| time.map(UtcTime::to_iso_micros);
    text("OBJECT", meta.object.clone(), "target");
    text("TELESCOP", meta.telescope.clone(), "telescope");
    text("INSTRUME", meta.instrument.clone(), "camera");
    text("FILTER", meta.filter.as_ref().map(Filter::to_string), "filter");
    text("DATE-OBS", time(meta.date_obs), "UTC, start of the first exposure");
    text("DATE-END", time(meta.date_end), "UTC, end of the last exposure");
    text("DATE-AVG", time(meta.date_avg), "UTC, mean of the exposures");
    text("TIMESYS", meta.date_obs.map(|_| "UTC".into()), "time scale of the dates");
    text("OB-START", time(meta.date_obs), "as DATE-OBS");
    text("OB-END", time(meta.date_end), "as DATE-END");
    text("CHUNKKEY", meta.position_key.as_ref().map(ToString::to_string), "15-minute chunk by position");
    text("HPXKEY", meta.healpix_key.as_ref().map(ToString::to_string), "15-minute chunk by HEALPix tile");
    text("BUNIT", Some("adu".into()), "level of one exposure");
    text("ROWORDER", Some("TOP-DOWN".into()), "the first row is the top of the picture");
    text("IMAGETYP", Some("Stack".into()), "type of image");
    text("CREATOR", Some("CrowdSky".into()), "software that made this file");
    // Nine letters: the name readers look for is one too long for a plain keyword.
    cards.push(Card::hierarch("SWVERSION", env!("CARGO_PKG_VERSION"), "its version"));
    cards.set("EXPTIME", meta.exptime_total, "[s] total of the stacked frames");
    cards.set("NIMAGES", meta.n_images, "frames stacked").set("STACKCNT", meta.n_images, "frames stacked");
    cards.set("NFRAMES", meta.n_input, "frames given");
    let mut number = |keyword: &str, value: Option<f64>, comment: &str| {
        if let Some(value) = value.filter(|value| value.is_finite()) {
            cards.set(keyword, value, comment);
        }
    };
    number("SUBEXP", meta.exptime_frame, "[s] one exposure");
    number("RA", meta.pointing.map(|pos| pos.ra()), "[deg] of the earliest frame, equinox of date");
    number("DEC", meta.pointing.map(|pos| pos.dec()), "[deg] of the earliest frame, equinox of date");
    number("GAIN", meta.gain, "camera gain setting");
    number("FOCALLEN", meta.focal_length_mm, "[mm] focal length");
    number("XPIXSZ", meta.pixel_size_um, "[um] pixel size with binning");
    number("YPIXSZ", meta.pixel_size_um, "[um] pixel size with binning");
    number("SITELAT", meta.site_lat, "[deg] latitude of the site");
    number("SITELONG", meta.site_long, "[deg] longitude of the site");
    cards
}

/// Printable ASCII, which is all a header may hold; other characters become `?`.
///
/// ```
/// assert_eq!(crowdsky_fits::ascii("Große Wolke"), "Gro?e Wolke");
/// ```
pub fn ascii(text: &str) -> String {
    text.chars().map(|c| if (' '..='~').contains(&c) { c } else { '?' }).collect()
}
