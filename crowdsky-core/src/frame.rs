//! What one exposure says of itself: the facts of its header that CrowdSky uses.

use core::fmt;
use core::str::FromStr;

use crate::{ChunkKey, Error, Result, SkyPos, UtcTime};

/// The filter before the sensor.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Filter {
    /// Infrared cut, the Seestar's everyday filter: `IRCUT`.
    IrCut,
    /// Light pollution (dual narrow band): `LP`.
    Lp,
    /// Any other, as it is written.
    Other(String),
}

/// Takes the text of the FILTER card or of a file name; case and blanks around it do not count.
impl FromStr for Filter {
    type Err = Error;

    fn from_str(text: &str) -> Result<Filter> {
        match text.trim() {
            "" => Err(Error::parse("FILTER", text, "is empty")),
            t if t.eq_ignore_ascii_case("IRCUT") => Ok(Filter::IrCut),
            t if t.eq_ignore_ascii_case("LP") => Ok(Filter::Lp),
            t => Ok(Filter::Other(t.to_owned())),
        }
    }
}

impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Filter::IrCut => "IRCUT",
            Filter::Lp => "LP",
            Filter::Other(name) => name,
        })
    }
}

/// What is known of one frame before its pixels are read. An absent card is `None`; only the size must be there.
///
/// ```
/// use crowdsky_core::{FrameMeta, SkyPos, UtcTime};
///
/// let mut frame = FrameMeta::new(1080, 1920);
/// frame.date_obs = Some(UtcTime::parse_date_obs("2025-03-27T01:20:32.955368")?);
/// frame.pointing = Some(SkyPos::new(193.04166, 40.970556)?);
/// assert!(frame.is_raw());
/// assert_eq!(frame.position_key().map(|k| k.to_string()).as_deref(), Some("20250327.05_193.0_+41.0"));
/// assert_eq!(frame.healpix_key().map(|k| k.to_string()).as_deref(), Some("20250327.05_HP033810"));
/// # Ok::<(), crowdsky_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(default))]
pub struct FrameMeta {
    /// NAXIS1: columns.
    pub width: u32,
    /// NAXIS2: rows.
    pub height: u32,
    /// NAXIS: 2 for a raw frame, 3 for a colour stack.
    pub naxis: u32,
    /// OBJECT: the target's name; Seestar leaves it out when it has none.
    pub object: Option<String>,
    /// TELESCOP: `Seestar S50` up to firmware 2.76, later `S50_` and the unit's serial number.
    pub telescope: Option<String>,
    /// INSTRUME: camera model.
    pub instrument: Option<String>,
    /// FILTER.
    pub filter: Option<Filter>,
    /// EXPTIME: seconds of one exposure.
    pub exptime: Option<f64>,
    /// GAIN: camera setting, no unit.
    pub gain: Option<f64>,
    /// DATE-OBS: start of the exposure, UTC.
    pub date_obs: Option<UtcTime>,
    /// RA and DEC, degrees. Seestar gives them for the equinox of date.
    pub pointing: Option<SkyPos>,
    /// BAYERPAT: colours of the first 2 x 2 pixels, such as `GRBG`.
    pub bayer: Option<String>,
    /// IMAGETYP: `Light` for raw frames (and for the telescope's own stacks).
    pub image_type: Option<String>,
    /// EQMODE: true when tracking equatorially, so that the field does not rotate.
    pub eq_mode: Option<bool>,
    /// FOCALLEN: millimetres.
    pub focal_length_mm: Option<f64>,
    /// XPIXSZ: micrometres, with binning.
    pub pixel_size_um: Option<f64>,
    /// CCD-TEMP: degrees Celsius.
    pub ccd_temp: Option<f64>,
    /// FOCUSPOS: focuser position in steps.
    pub focus_pos: Option<i64>,
    /// STACKCNT: how many frames are in it, where it is a stack.
    pub stack_count: Option<u32>,
    /// PROGRAM: firmware version of the telescope.
    pub program: Option<String>,
    /// SITELAT: degrees north. Private: dropped from outputs unless the user asks for it.
    pub site_lat: Option<f64>,
    /// SITELONG: degrees east. Private as well.
    pub site_long: Option<f64>,
}

impl FrameMeta {
    /// A frame of `width` columns and `height` rows (NAXIS = 2) of which nothing else is known.
    pub fn new(width: u32, height: u32) -> FrameMeta {
        FrameMeta {
            width,
            height,
            naxis: 2,
            object: None,
            telescope: None,
            instrument: None,
            filter: None,
            exptime: None,
            gain: None,
            date_obs: None,
            pointing: None,
            bayer: None,
            image_type: None,
            eq_mode: None,
            focal_length_mm: None,
            pixel_size_um: None,
            ccd_temp: None,
            focus_pos: None,
            stack_count: None,
            program: None,
            site_lat: None,
            site_long: None,
        }
    }

    /// Whether this is a single exposure. The telescope's own stacks keep `IMAGETYP = 'Light'` and BAYERPAT; only
    /// NAXIS = 3 or STACKCNT above 1 give them away.
    pub fn is_raw(&self) -> bool {
        self.naxis == 2 && self.stack_count.is_none_or(|n| n <= 1)
    }

    /// End of the exposure, where start and length are known.
    pub fn date_end(&self) -> Option<UtcTime> {
        Some(self.date_obs?.plus_seconds(self.exptime?))
    }

    /// The position key; `None` without DATE-OBS.
    pub fn position_key(&self) -> Option<ChunkKey> {
        Some(ChunkKey::position(self.date_obs?, self.pointing.as_ref()))
    }

    /// The HEALPix key; `None` without DATE-OBS or without a pointing.
    pub fn healpix_key(&self) -> Option<ChunkKey> {
        Some(ChunkKey::healpix(self.date_obs?, self.pointing.as_ref()?))
    }
}

/// A frame of no pixels, to be filled in.
impl Default for FrameMeta {
    fn default() -> FrameMeta {
        FrameMeta::new(0, 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stack_is_told_from_a_raw_frame() {
        let mut frame = FrameMeta::new(1080, 1920);
        frame.image_type = Some("Light".into());
        frame.stack_count = Some(1);
        assert!(frame.is_raw());
        frame.stack_count = Some(2);
        assert!(!frame.is_raw());
        frame.stack_count = None;
        frame.naxis = 3;
        assert!(!frame.is_raw());
    }

    #[test]
    fn filters_are_known_in_any_case() {
        assert_eq!("IRCUT   ".parse(), Ok(Filter::IrCut));
        assert_eq!("lp".parse(), Ok(Filter::Lp));
        assert_eq!(" Ha ".parse(), Ok(Filter::Other("Ha".into())));
        assert!("  ".parse::<Filter>().is_err());
    }

    #[test]
    fn keys_need_what_they_are_made_of() {
        let mut frame = FrameMeta::new(1, 1);
        assert_eq!((frame.position_key(), frame.healpix_key()), (None, None));
        frame.date_obs = UtcTime::parse_date_obs("2025-01-15").ok();
        assert_eq!(frame.position_key().map(|k| k.to_string()).as_deref(), Some("20250115.00"));
        assert_eq!(frame.healpix_key(), None);
    }
}
