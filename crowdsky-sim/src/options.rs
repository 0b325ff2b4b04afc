//! What night it is: every number of the simulation, with the default of a quiet evening with a Seestar S50.

use crate::{BayerPattern, Error, Psf, Sensor};
use crowdsky_core::{Filter, Target, UtcTime};
use serde::{Deserialize, Serialize};

/// Longest side of a frame. 20,000 is five times the largest sensor of the family.
const LONGEST_SIDE: usize = 20_000;
/// Most pixels in a frame: 100 million, 200 MB as 16-bit numbers and 400 MB while the light is summed.
const MOST_PIXELS: usize = 100_000_000;
/// Most exposures: a year of clear nights. The truth of all of them is held in memory.
const MOST_FRAMES: usize = 100_000;
/// Most particles in all exposures together: the truth lists each, in 40 bytes.
const MOST_COSMIC_RAYS: f64 = 1e7;
/// Most stars: a million take 40 MB and some seconds per frame.
const MOST_STARS: usize = 1_000_000;

/// The night to simulate. The default is a quiet evening with a Seestar S50: 30 exposures of NGC 188, 10 seconds
/// each, in alt-azimuth mode.
///
/// Levels (`faintest`, `sky`) are per exposure: a longer `exptime` changes the header and the clock, not the light.
///
/// ```
/// use crowdsky_sim::{Night, NightOptions};
/// let night = Night::new(NightOptions::default().frames(5).size(64, 48).stars(20).seed(7))?;
/// assert_eq!(night.frame(4)?.pixels.len(), 64 * 48);
/// # Ok::<(), crowdsky_sim::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct NightOptions {
    /// Everything random follows from this number.
    pub seed: u64,
    /// Exposures.
    pub frames: usize,
    /// Telescope: sets size, Bayer pattern and header.
    pub sensor: Sensor,
    /// Columns and rows, in place of the sensor's.
    pub size: Option<(usize, usize)>,
    /// Colour filters, in place of the sensor's.
    pub bayer: Option<BayerPattern>,
    /// Name of the target; goes into OBJECT and the file names.
    pub object: String,
    /// Right ascension of the pointing in degrees.
    pub ra: f64,
    /// Declination of the pointing in degrees.
    pub dec: f64,
    /// Start of the first exposure, UTC.
    pub start: String,
    /// Optical filter, `IrCut` or `Lp`. Changes header and file names only.
    pub filter: Filter,
    /// Gain setting in the header; the noise follows `electrons_per_adu`.
    pub gain: i64,
    /// Exposure time in seconds.
    pub exptime: f64,
    /// Seconds from one start to the next; `None` is `exptime` + 1.2.
    pub cadence: Option<f64>,
    /// Field rotation over the run, in degrees.
    pub rotation: f64,
    /// Step of the random walk of the pointing, in pixels per frame and axis (standard deviation).
    pub drift: f64,
    /// Radius within which the pointing jumps every fifth frame, in pixels; 0 is no dither.
    pub dither: f64,
    /// Whether the tube is turned over (180 degrees) after the reference frame.
    pub meridian_flip: bool,
    /// Shape of a star.
    pub psf: Psf,
    /// Median full width of a star at half its height, in pixels.
    pub fwhm: f64,
    /// Spread of the width from frame to frame, as a share of it.
    pub seeing_spread: f64,
    /// Stars on the disc that covers all frames; about half of them fall on any one frame.
    pub stars: usize,
    /// Green light of the faintest star, in ADU per exposure summed over its pixels.
    pub faintest: f64,
    /// Level of the green sky in the first frame, in ADU above the bias.
    pub sky: f64,
    /// Sky in red, green and blue, as shares of `sky`.
    pub sky_colour: [f64; 3],
    /// Change of the red, green and blue sky over the frame's width and height, as a share of its level.
    pub sky_gradient: [[f64; 2]; 3],
    /// Chance that a frame is cloudy: 30 to 70 % of the light, 1.3 times the sky. Never the reference.
    pub cloudy: f64,
    /// Chance that a line crosses a frame. Never the reference.
    pub trails: f64,
    /// Pixels that always read 500 to 20,000 ADU too high; `None` is 400 on an S50's area.
    pub hot_pixels: Option<usize>,
    /// Mean number of particles that hit the sensor during an exposure; `None` is 6 on an S50's area.
    pub cosmic_rays: Option<f64>,
    /// Electrons per ADU.
    pub electrons_per_adu: f64,
    /// Read noise in electrons.
    pub read_noise: f64,
    /// ADU added to all pixels; 0 simulates frames with the bias subtracted, clipped at zero.
    pub bias: f64,
}

impl Default for NightOptions {
    fn default() -> Self {
        Self {
            seed: 1,
            frames: 30,
            sensor: Sensor::S50,
            size: None,
            bayer: None,
            object: "NGC 188".into(),
            ra: 11.75,
            dec: 85.25,
            start: "2025-10-24T18:45:02.705983".into(),
            filter: Filter::IrCut,
            gain: 80,
            exptime: 10.0,
            cadence: None,
            rotation: 2.5,
            drift: 0.6,
            dither: 0.0,
            meridian_flip: false,
            psf: Psf::default(),
            fwhm: 2.8,
            seeing_spread: 0.06,
            stars: 3000,
            faintest: 250.0,
            sky: 600.0,
            sky_colour: [0.8, 1.0, 0.7],
            sky_gradient: [[0.05, 0.03]; 3],
            cloudy: 0.05,
            trails: 0.08,
            hot_pixels: None,
            cosmic_rays: None,
            electrons_per_adu: 1.0,
            read_noise: 1.6,
            bias: 300.0,
        }
    }
}

macro_rules! setters {
    ($($name:ident: $type:ty),* $(,)?) => {$(
        #[doc = concat!("Sets [`", stringify!($name), "`](#structfield.", stringify!($name), ").")]
        #[must_use]
        pub fn $name(mut self, $name: $type) -> Self {
            self.$name = $name.into();
            self
        }
    )*};
}

impl NightOptions {
    setters! {
        seed: u64, frames: usize, sensor: Sensor, bayer: BayerPattern,
        object: impl Into<String>, ra: f64, dec: f64, start: impl Into<String>, filter: Filter,
        gain: i64, exptime: f64, cadence: f64,
        rotation: f64, drift: f64, dither: f64, meridian_flip: bool,
        psf: Psf, fwhm: f64, seeing_spread: f64, stars: usize, faintest: f64,
        sky: f64, sky_colour: [f64; 3], sky_gradient: [[f64; 2]; 3], cloudy: f64, trails: f64,
        hot_pixels: usize, cosmic_rays: f64, electrons_per_adu: f64, read_noise: f64, bias: f64,
    }

    /// Sets [`size`](#structfield.size): columns and rows.
    #[must_use]
    pub fn size(mut self, width: usize, height: usize) -> Self {
        self.size = Some((width, height));
        self
    }

    /// A night without surprises - no clouds, trails, hot pixels or cosmic rays, even seeing - for tests that
    /// measure one thing.
    #[must_use]
    pub fn quiet(self) -> Self {
        self.cloudy(0.0).trails(0.0).hot_pixels(0).cosmic_rays(0.0).seeing_spread(0.0)
    }

    /// Columns and rows of a frame.
    pub fn size_px(&self) -> (usize, usize) {
        self.size.unwrap_or(self.sensor.size())
    }

    /// Order of the colour filters.
    pub fn bayer_pattern(&self) -> BayerPattern {
        self.bayer.unwrap_or(self.sensor.bayer())
    }

    /// Seconds from one start to the next.
    pub fn cadence_s(&self) -> f64 {
        self.cadence.unwrap_or(self.exptime + 1.2)
    }

    /// Number of hot pixels drawn.
    pub fn hot_pixel_count(&self) -> usize {
        self.hot_pixels.unwrap_or((400.0 * self.areas_of_s50()).round() as usize)
    }

    /// Mean number of particles per exposure.
    pub fn cosmic_ray_mean(&self) -> f64 {
        self.cosmic_rays.unwrap_or(6.0 * self.areas_of_s50())
    }

    fn areas_of_s50(&self) -> f64 {
        let (width, height) = self.size_px();
        width as f64 * height as f64 / (1080.0 * 1920.0)
    }

    /// Checks every option before anything is computed or allocated.
    pub(crate) fn check(&self) -> Result<(), Error> {
        let (width, height) = self.size_px();
        within("frames", self.frames, 1, MOST_FRAMES)?;
        within("width", width, 16, LONGEST_SIDE)?;
        within("height", height, 16, LONGEST_SIDE)?;
        if width * height > MOST_PIXELS {
            return Err(refuse("size", format!("{width} x {height}"), "at most 100 million pixels"));
        }
        within("stars", self.stars, 0, MOST_STARS)?;
        within("hot_pixels", self.hot_pixel_count(), 0, width * height / 4)?;
        within("ra", self.ra, 0.0, 359.999_999)?;
        within("dec", self.dec, -90.0, 90.0)?;
        within("exptime", self.exptime, 0.001, 3600.0)?;
        // A second at least, since the file names count in seconds and must differ.
        within("cadence", self.cadence_s(), self.exptime.max(1.0), 86_400.0)?;
        within("rotation", self.rotation, -360.0, 360.0)?;
        within("drift", self.drift, 0.0, 100.0)?;
        within("dither", self.dither, 0.0, 1000.0)?;
        // Below a pixel the 3 x 3 samples a pixel no longer integrate the peak of a star.
        within("fwhm", self.fwhm, 1.0, 30.0)?;
        within("seeing_spread", self.seeing_spread, 0.0, 0.3)?;
        if let Psf::Moffat { beta } = self.psf {
            within("psf", beta, 1.5, 20.0)?;
        }
        within("faintest", self.faintest, 1.0, 1e5)?;
        within("sky", self.sky, 0.0, 1e5)?;
        for colour in 0..3 {
            within("sky_colour", self.sky_colour[colour], 0.0, 10.0)?;
            within("sky_gradient", self.sky_gradient[colour][0], -1.0, 1.0)?;
            within("sky_gradient", self.sky_gradient[colour][1], -1.0, 1.0)?;
        }
        within("cloudy", self.cloudy, 0.0, 1.0)?;
        within("trails", self.trails, 0.0, 1.0)?;
        within("cosmic_rays", self.cosmic_ray_mean(), 0.0, MOST_COSMIC_RAYS / self.frames as f64)?;
        within("electrons_per_adu", self.electrons_per_adu, 1e-3, 1e3)?;
        within("read_noise", self.read_noise, 0.0, 1e3)?;
        within("bias", self.bias, 0.0, 60_000.0)?;
        if let Filter::Other(name) = &self.filter {
            return Err(refuse("filter", format!("{name:?}"), "IRCUT or LP"));
        }
        // OBJECT is a FITS string and part of a file name: what a file name cannot hold, or FITS, is refused.
        let printable = self.object.chars().all(|c| (' '..='~').contains(&c));
        if self.object.len() > 60 || !printable || Target::sanitise(&self.object).as_str() != self.object {
            let expected = "1 to 60 plain letters, digits, spaces or marks that a file name may hold";
            return Err(refuse("object", format!("{:?}", self.object), expected));
        }
        self.start_time().map(|_| ())
    }

    /// Start of the first exposure. The years 1970 to 2999 leave room for the longest night.
    pub(crate) fn start_time(&self) -> Result<UtcTime, Error> {
        match UtcTime::parse_date_obs(&self.start) {
            Ok(time) if (1970..3000).contains(&time.date().0) => Ok(time),
            _ => {
                let expected = "a UTC time like 2025-10-24T18:45:02.705983, in the years 1970 to 2999";
                Err(refuse("start", format!("{:?}", self.start), expected))
            }
        }
    }
}

/// Refuses what lies outside of `low..=high`; so does NaN, which no comparison holds for.
fn within<T: PartialOrd + std::fmt::Display>(
    option: &'static str,
    value: T,
    low: T,
    high: T,
) -> Result<(), Error> {
    if value >= low && value <= high {
        return Ok(());
    }
    Err(refuse(option, value.to_string(), &format!("between {low} and {high}")))
}

fn refuse(option: &'static str, value: String, expected: &str) -> Error {
    Error::Option { option, value, expected: expected.into() }
}
