//! The names Seestar telescopes and CrowdSky give to files and folders: read and printed.
//!
//! | Name | What |
//! |---|---|
//! | `Light_<target>_<exp>s_<filter>_<YYYYMMDD-HHMMSS>.fit` | a raw frame; `Light_mosaic_...` of a mosaic |
//! | `Stacked_<n>_<target>_<exp>s_<filter>_<YYYYMMDD-HHMMSS>.fit` | the telescope's stack; `Stacked_<n>_mosaic_...`; older ones have no `<n>` |
//! | `DSO_Stacked_<n>_<target>_<exp>s_<YYYYMMDD_HHMMSS>.fit` | its stack made later |
//! | `CrowdSky_<n>_<target>_<exp>s_<filter>_<YYYYMMDD.CC>_HP<6 digits>.fit` | our stack |
//! | `CrowdSky_<n>_<target>_<exp>s_<filter>_<YYYYMMDD-HHMMSS>.fit` | our stack as the first client named it |
//! | `<target>`, `<target>_sub`, `<target>-sub` | folders ([`FolderName`]) |
//!
//! Targets may hold blanks and underscores, so names are read from their ends inwards. The filter may be missing
//! in all but our own names, as the oldest firmware left it out.

mod folder;
mod parts;

use core::fmt;
use core::str::FromStr;

pub use folder::FolderName;
pub use parts::{Exposure, Extension, FileStamp, Target};

use crate::{Error, Filter, HealpixTile, Result, TimeSlot};

/// Longest name that is read, in bytes: what file systems take.
const LONGEST: usize = 255;
/// Written where frames name no filter.
const NO_FILTER: &str = "Unknown";

/// A file's name: what it says and how it ends. Prints as the name; [`FromStr`] reads it.
///
/// What was read prints the same again, except that extensions come out in lower case.
///
/// ```
/// use crowdsky_core::{FileName, FrameName};
///
/// let name: FileName = "Light_M 94_10.0s_IRCUT_20250326-212046.fit".parse()?;
/// assert_eq!(name.to_string(), "Light_M 94_10.0s_IRCUT_20250326-212046.fit");
/// let FrameName::Light { target, exposure, .. } = name.name else { panic!("not a raw frame") };
/// assert_eq!((target.as_str(), exposure.seconds()), ("M 94", 10.0));
/// # Ok::<(), crowdsky_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct FileName {
    /// All before the extension.
    pub name: FrameName,
    /// The extension; for thumbnails with the `_thn` before it.
    pub extension: Extension,
}

/// What a file name says of its frame or stack.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum FrameName {
    /// `Light_...`: a raw frame.
    Light {
        /// Whether it is a panel of a mosaic.
        mosaic: bool,
        /// What was pointed at.
        target: Target,
        /// Length of the exposure.
        exposure: Exposure,
        /// Missing in the oldest firmware.
        filter: Option<Filter>,
        /// When it was saved, by the telescope's local clock.
        stamp: FileStamp,
    },
    /// `Stacked_...`: a stack made by the telescope.
    Stacked {
        /// Number of frames; missing in old firmware.
        count: Option<u32>,
        /// Whether it is a mosaic.
        mosaic: bool,
        /// What was pointed at.
        target: Target,
        /// Length of one exposure.
        exposure: Exposure,
        /// Missing in the oldest firmware.
        filter: Option<Filter>,
        /// When it was saved, local.
        stamp: FileStamp,
    },
    /// `DSO_Stacked_...`: a stack made by the telescope afterwards.
    DsoStacked {
        /// Number of frames.
        count: u32,
        /// What was pointed at.
        target: Target,
        /// Length of one exposure.
        exposure: Exposure,
        /// When it was saved, local.
        stamp: FileStamp,
    },
    /// `CrowdSky_...` with slot and tile: a stack of one chunk.
    CrowdSky {
        /// Number of frames.
        count: u32,
        /// What was pointed at.
        target: Target,
        /// Length of one exposure.
        exposure: Exposure,
        /// The filter.
        filter: Filter,
        /// The quarter of an hour.
        slot: TimeSlot,
        /// The place; tile 0 also where it is not known.
        tile: HealpixTile,
    },
    /// `CrowdSky_...` with a time stamp: the same from the first client.
    LegacyCrowdSky {
        /// Number of frames.
        count: Option<u32>,
        /// What was pointed at.
        target: Target,
        /// Length of one exposure.
        exposure: Exposure,
        /// The filter.
        filter: Option<Filter>,
        /// When it was saved, local.
        stamp: FileStamp,
    },
}

/// The name of the stack of a chunk, `CrowdSky_<n>_<target>_<exp>s_<filter>_<YYYYMMDD.CC>_HP<6 digits>.fit`.
///
/// The target is made safe by [`Target::sanitise`], a missing filter is written `Unknown`, a missing tile (no
/// pointing) as `HP000000`, as the original client does.
///
/// ```
/// use crowdsky_core::filename::{Exposure, crowdsky_stack_name};
/// use crowdsky_core::{Filter, HealpixTile};
///
/// let tile = HealpixTile::new(33810)?;
/// let slot = "20250327.05".parse()?;
/// let exposure = Exposure::from_seconds(10.0)?;
/// let name = crowdsky_stack_name(16, Some("M 94"), exposure, Some(&Filter::IrCut), slot, Some(tile));
/// assert_eq!(name.to_string(), "CrowdSky_16_M 94_10.0s_IRCUT_20250327.05_HP033810.fit");
/// # Ok::<(), crowdsky_core::Error>(())
/// ```
pub fn crowdsky_stack_name(
    count: u32,
    object: Option<&str>,
    exposure: Exposure,
    filter: Option<&Filter>,
    slot: TimeSlot,
    tile: Option<HealpixTile>,
) -> FileName {
    let filter = filter.cloned().unwrap_or_else(|| Filter::Other(NO_FILTER.into()));
    let name = FrameName::CrowdSky {
        count,
        target: Target::sanitise(object.unwrap_or_default()),
        exposure,
        filter: parts::safe_filter(filter),
        slot,
        tile: tile.unwrap_or(HealpixTile::UNKNOWN),
    };
    FileName { name, extension: Extension::Fit }
}

impl FileName {
    /// The same name with another extension: the JPEG twin of a FITS file, or the other way.
    #[must_use]
    pub fn with_extension(&self, extension: Extension) -> FileName {
        FileName { name: self.name.clone(), extension }
    }

    /// Whether this is a raw frame in a FITS file, and not a stack or a picture.
    pub fn is_raw_frame(&self) -> bool {
        matches!(self.name, FrameName::Light { .. }) && self.extension.is_fits()
    }
}

impl fmt::Display for FileName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.name, self.extension)
    }
}

impl FromStr for FileName {
    type Err = Error;

    fn from_str(text: &str) -> Result<FileName> {
        if text.len() > LONGEST {
            return Err(Error::parse("file name", text, "is longer than 255 bytes"));
        }
        let (stem, extension) = Extension::split(text).ok_or_else(|| {
            Error::parse(
                "file name",
                text,
                "does not end in .fit or .fits (also with .gz or .fz), .jpg or _thn.jpg",
            )
        })?;
        let name = parse_stem(stem).map_err(|why| Error::parse("file name", text, why))?;
        Ok(FileName { name, extension })
    }
}

impl FrameName {
    /// What was pointed at.
    pub fn target(&self) -> &Target {
        match self {
            FrameName::Light { target, .. }
            | FrameName::Stacked { target, .. }
            | FrameName::DsoStacked { target, .. }
            | FrameName::CrowdSky { target, .. }
            | FrameName::LegacyCrowdSky { target, .. } => target,
        }
    }

    /// Length of one exposure.
    pub fn exposure(&self) -> &Exposure {
        match self {
            FrameName::Light { exposure, .. }
            | FrameName::Stacked { exposure, .. }
            | FrameName::DsoStacked { exposure, .. }
            | FrameName::CrowdSky { exposure, .. }
            | FrameName::LegacyCrowdSky { exposure, .. } => exposure,
        }
    }

    /// The filter, where the name has one.
    pub fn filter(&self) -> Option<&Filter> {
        match self {
            FrameName::CrowdSky { filter, .. } => Some(filter),
            FrameName::DsoStacked { .. } => None,
            FrameName::Light { filter, .. }
            | FrameName::Stacked { filter, .. }
            | FrameName::LegacyCrowdSky { filter, .. } => filter.as_ref(),
        }
    }
}

impl fmt::Display for FrameName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mosaic_ = |mosaic: bool| if mosaic { "mosaic_" } else { "" };
        let count_ = |count: Option<u32>| count.map(|n| format!("{n}_")).unwrap_or_default();
        let filter_ = |filter: &Option<Filter>| filter.as_ref().map(|x| format!("{x}_")).unwrap_or_default();
        match self {
            FrameName::Light { mosaic, target, exposure, filter, stamp } => {
                write!(f, "Light_{}{target}_{exposure}s_{}{stamp}", mosaic_(*mosaic), filter_(filter))
            }
            FrameName::Stacked { count, mosaic, target, exposure, filter, stamp } => {
                let (count, mosaic, filter) = (count_(*count), mosaic_(*mosaic), filter_(filter));
                write!(f, "Stacked_{count}{mosaic}{target}_{exposure}s_{filter}{stamp}")
            }
            FrameName::DsoStacked { count, target, exposure, stamp } => {
                write!(f, "DSO_Stacked_{count}_{target}_{exposure}s_{}", stamp.with_separator('_'))
            }
            FrameName::CrowdSky { count, target, exposure, filter, slot, tile } => {
                write!(f, "CrowdSky_{count}_{target}_{exposure}s_{filter}_{slot}_{tile}")
            }
            FrameName::LegacyCrowdSky { count, target, exposure, filter, stamp } => {
                write!(f, "CrowdSky_{}{target}_{exposure}s_{}{stamp}", count_(*count), filter_(filter))
            }
        }
    }
}

type Parsed<T> = Result<T, &'static str>;

fn parse_stem(stem: &str) -> Parsed<FrameName> {
    const NO_STAMP: &str = "does not end in a date and time, YYYYMMDD-HHMMSS";
    if let Some(rest) = stem.strip_prefix("DSO_Stacked_") {
        let (rest, time) = rest.rsplit_once('_').ok_or(NO_STAMP)?;
        let (rest, date) = rest.rsplit_once('_').ok_or(NO_STAMP)?;
        let stamp =
            FileStamp::from_parts(date, time).ok_or("does not end in a date and time, YYYYMMDD_HHMMSS")?;
        let (rest, exposure) = split_exposure(rest)?;
        let (count, target) = split_count(rest);
        let count = count.ok_or("has no number of frames after DSO_Stacked_")?;
        return Ok(FrameName::DsoStacked { count, target: Target::parse(target)?, exposure, stamp });
    }
    if let Some(rest) = stem.strip_prefix("Light_") {
        let (rest, exposure, filter, stamp) = split_stamped(rest).ok_or(NO_STAMP)??;
        let (mosaic, target) = split_mosaic(rest);
        return Ok(FrameName::Light { mosaic, target: Target::parse(target)?, exposure, filter, stamp });
    }
    if let Some(rest) = stem.strip_prefix("Stacked_") {
        let (rest, exposure, filter, stamp) = split_stamped(rest).ok_or(NO_STAMP)??;
        let (count, rest) = split_count(rest);
        let (mosaic, target) = split_mosaic(rest);
        return Ok(FrameName::Stacked {
            count,
            mosaic,
            target: Target::parse(target)?,
            exposure,
            filter,
            stamp,
        });
    }
    let rest = stem
        .strip_prefix("CrowdSky_")
        .ok_or("begins neither Light_, Stacked_, DSO_Stacked_ nor CrowdSky_")?;
    if let Some(stamped) = split_stamped(rest) {
        let (rest, exposure, filter, stamp) = stamped?;
        let (count, target) = split_count(rest);
        return Ok(FrameName::LegacyCrowdSky {
            count,
            target: Target::parse(target)?,
            exposure,
            filter,
            stamp,
        });
    }
    const NO_KEY: &str = "does not end in a slot and a tile, YYYYMMDD.CC_HPnnnnnn";
    let (rest, tile) = rest.rsplit_once('_').ok_or(NO_KEY)?;
    let (rest, slot) = rest.rsplit_once('_').ok_or(NO_KEY)?;
    let (slot, tile) = (slot.parse().map_err(|_| NO_KEY)?, tile.parse().map_err(|_| NO_KEY)?);
    let (rest, exposure, filter) = split_filter(rest)?;
    let (count, target) = split_count(rest);
    Ok(FrameName::CrowdSky {
        count: count.ok_or("has no number of frames after CrowdSky_")?,
        target: Target::parse(target)?,
        exposure,
        filter: filter.ok_or("has no filter between exposure and slot")?,
        slot,
        tile,
    })
}

type Stamped<'a> = (&'a str, Exposure, Option<Filter>, FileStamp);

/// `<rest>_<exp>s[_<filter>]_<YYYYMMDD-HHMMSS>`; `None` without a stamp at the end.
fn split_stamped(text: &str) -> Option<Parsed<Stamped<'_>>> {
    let (rest, stamp) = text.rsplit_once('_')?;
    let stamp = stamp.parse().ok()?;
    Some(split_filter(rest).map(|(rest, exposure, filter)| (rest, exposure, filter, stamp)))
}

/// `<rest>_<exp>s[_<filter>]`: the last word is the exposure if it looks like one, else the filter.
fn split_filter(text: &str) -> Parsed<(&str, Exposure, Option<Filter>)> {
    let no_filter = split_exposure(text);
    if let Ok((rest, exposure)) = no_filter {
        return Ok((rest, exposure, None));
    }
    let Some((rest, filter)) = text.rsplit_once('_') else { return no_filter.map(|(r, e)| (r, e, None)) };
    let (rest, exposure) = split_exposure(rest)?;
    Ok((rest, exposure, Some(parts::filter_word(filter)?)))
}

fn split_exposure(text: &str) -> Parsed<(&str, Exposure)> {
    let (rest, word) = text.rsplit_once('_').map_or((None, text), |(rest, word)| (Some(rest), word));
    let exposure = word.strip_suffix('s').and_then(Exposure::parse).ok_or("has no exposure such as 10.0s")?;
    Ok((rest.ok_or("has no target before the exposure")?, exposure))
}

/// `<n>_<target>`; a number that is all there is, or has needless zeros, belongs to the target.
fn split_count(text: &str) -> (Option<u32>, &str) {
    let Some((number, rest)) = text.split_once('_') else { return (None, text) };
    let plain = number.bytes().all(|b| b.is_ascii_digit()) && (number == "0" || !number.starts_with('0'));
    match number.parse() {
        Ok(count) if plain && !rest.is_empty() => (Some(count), rest),
        _ => (None, text),
    }
}

fn split_mosaic(text: &str) -> (bool, &str) {
    match text.strip_prefix("mosaic_") {
        Some(rest) if !rest.is_empty() => (true, rest),
        _ => (false, text),
    }
}
