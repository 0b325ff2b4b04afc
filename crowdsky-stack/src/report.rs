//! What became of every frame, and what the stack is.

use crate::noise::NoiseModel;
use crate::transform::Model;
use serde::{Deserialize, Serialize};

/// Why a frame is not in the stack.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Reason {
    /// The file cannot be opened, or is no FITS.
    Unreadable,
    /// The file ends before its pixels do.
    Truncated,
    /// A format or compression that this build does not read.
    Unsupported,
    /// A stack or another product, not a single exposure.
    NotRaw,
    /// The header does not tell the colours of the photosites (BAYERPAT).
    NoBayer,
    /// BAYERPAT is none of the four patterns.
    WrongBayer,
    /// Other columns and rows than the rest.
    WrongSize,
    /// Another filter than the rest.
    MixedFilter,
    /// Another exposure time than the rest.
    MixedExposure,
    /// Another gain than the rest.
    MixedGain,
    /// The same pixels and DATE-OBS as a frame before it.
    Duplicate,
    /// All pixels alike.
    Blank,
    /// A fifth of the pixels or more at the sensor's limit.
    Saturated,
    /// Fewer than four stars.
    TooFewStars,
    /// No other frame shows the same field.
    NoMatch,
    /// Its stars do not fall on those of the other frames.
    PoorFit,
    /// Stars twice as wide as in the other frames.
    Blurred,
    /// Clouds: less than a twentieth of the usual weight.
    TooFaint,
    /// More than 5 % of its samples disagree with the other frames.
    TooManyRejected,
}

impl Reason {
    /// All of them.
    pub(crate) const ALL: [Reason; 19] = [
        Reason::Unreadable,
        Reason::Truncated,
        Reason::Unsupported,
        Reason::NotRaw,
        Reason::NoBayer,
        Reason::WrongBayer,
        Reason::WrongSize,
        Reason::MixedFilter,
        Reason::MixedExposure,
        Reason::MixedGain,
        Reason::Duplicate,
        Reason::Blank,
        Reason::Saturated,
        Reason::TooFewStars,
        Reason::NoMatch,
        Reason::PoorFit,
        Reason::Blurred,
        Reason::TooFaint,
        Reason::TooManyRejected,
    ];

    /// The word used in `report.json`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Reason::Unreadable => "unreadable",
            Reason::Truncated => "truncated",
            Reason::Unsupported => "unsupported",
            Reason::NotRaw => "not_raw",
            Reason::NoBayer => "no_bayer",
            Reason::WrongBayer => "wrong_bayer",
            Reason::WrongSize => "wrong_size",
            Reason::MixedFilter => "mixed_filter",
            Reason::MixedExposure => "mixed_exposure",
            Reason::MixedGain => "mixed_gain",
            Reason::Duplicate => "duplicate",
            Reason::Blank => "blank",
            Reason::Saturated => "saturated",
            Reason::TooFewStars => "too_few_stars",
            Reason::NoMatch => "no_match",
            Reason::PoorFit => "poor_fit",
            Reason::Blurred => "blurred",
            Reason::TooFaint => "too_faint",
            Reason::TooManyRejected => "too_many_rejected",
        }
    }
}

impl std::fmt::Display for Reason {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A frame that was dropped: the reason for machines and a sentence for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dropped {
    /// Why.
    pub reason: Reason,
    /// Why, in words, with the card or number.
    pub detail: String,
}

impl Dropped {
    /// A frame dropped for `reason`.
    pub fn new(reason: Reason, detail: impl Into<String>) -> Dropped {
        Dropped { reason, detail: detail.into() }
    }
}

/// How frames were added to a stack that was there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Append {
    /// All raw frames were combined anew: the stack is that of all frames at once.
    Exact,
    /// Raw frames of the stack were gone: the new ones were averaged and added by weight.
    Approximate,
}

/// How far hot and cold photosites could be found in the frames themselves.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Calibration {
    /// Frames of a telescope that were looked at; of several telescopes the least.
    pub frames: usize,
    /// The faintest photosite that can be found, in sigma of its noise in one frame.
    pub faintest_sigma: Option<f64>,
    /// Why not all were looked for, in words.
    pub limit: Option<String>,
}

/// What became of one frame.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FrameReport {
    /// As it was given.
    pub path: String,
    /// Whether it is in the stack.
    pub accepted: bool,
    /// Why not.
    pub reason: Option<Reason>,
    /// Why not, in words.
    pub detail: Option<String>,
    /// Whether the output has this frame's pixel grid.
    pub reference: bool,
    /// Pixel of the frame (x, y, 1; whole numbers at pixel centres) to pixel of the output.
    pub transform: Option<[[f64; 3]; 2]>,
    /// Stars found.
    pub n_stars: usize,
    /// Median FWHM of its stars, px.
    pub fwhm_px: Option<f64>,
    /// Median sky level by band, raw ADU.
    pub sky_adu: Option<[f64; 3]>,
    /// Weighted RMS distance of its stars from the common catalogue, px: mostly the centroids' own errors.
    pub residual_px: Option<f64>,
    /// Share of the star light that came through, 1 for the median frame; 1 if fewer than six stars can tell.
    pub transparency: Option<f64>,
    /// Weight in the mean, 1 on the average.
    pub weight: Option<f64>,
    /// Share of its samples that were rejected.
    pub rejected_fraction: Option<f64>,
}

/// Seconds spent in each stage.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Seconds {
    /// Headers and pixels from the disk.
    pub read: f64,
    /// Sky, stars and centroids. Frames are read and measured in one sweep, so this is the sweep's time less `read`.
    pub detect: f64,
    /// Matching and joint solution.
    pub register: f64,
    /// Sampling, rejection and mean.
    pub combine: f64,
    /// Star table, FITS and preview.
    pub write: f64,
    /// All of it.
    pub total: f64,
}

/// The whole account, as `report.json` has it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StackReport {
    /// Version of the software.
    pub crowdsky: String,
    /// Frames given.
    pub n_input: usize,
    /// Frames in the stack.
    pub n_accepted: usize,
    /// Stars in the stack's table.
    pub n_stars: usize,
    /// Median FWHM of the stack's stars, px.
    pub fwhm_px: Option<f64>,
    /// Expected error of the transforms, RMS over field and frames, px: what the stars' scatter about the common catalogue
    /// leaves uncertain.
    pub registration_rms_px: Option<f64>,
    /// Free numbers of each frame's transform: `rigid`, `similarity` or `affine`, as the data ask for.
    pub registration_model: Option<Model>,
    /// Total exposure of the accepted frames, s.
    pub total_exptime_s: f64,
    /// Start of the first accepted exposure, UTC.
    pub date_obs_start: Option<String>,
    /// End of the last accepted exposure, UTC.
    pub date_obs_end: Option<String>,
    /// Position key of the earliest accepted frame.
    pub chunk_key: Option<String>,
    /// HEALPix key of the earliest accepted frame.
    pub healpix_key: Option<String>,
    /// The method that was used.
    pub method: String,
    /// Whether colours were shared between the planes.
    pub share: bool,
    /// How frames were added to a stack that was there; `None` for one that was made in one go.
    pub append: Option<Append>,
    /// How the noise of a photosite grows with its light; `null` where neither the frames nor the table of cameras tell.
    pub noise: Option<NoiseModel>,
    /// Hot and cold photosites found, over all telescopes.
    pub n_defects: usize,
    /// How far down they could be found; `null` where no frame was left.
    pub calibration: Option<Calibration>,
    /// Threads.
    pub threads: usize,
    /// Largest memory the process held, if the system tells.
    pub peak_memory_bytes: Option<u64>,
    /// Time by stage.
    pub seconds: Seconds,
    /// What became of each frame, in the order given.
    pub frames: Vec<FrameReport>,
}
