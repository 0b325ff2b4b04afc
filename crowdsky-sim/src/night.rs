//! The night: what happens to every exposure, decided before the first is rendered.

use crate::mosaic::Exposure;
use crate::sky;
use crate::truth::{CosmicRay, FrameTruth, HotPixel, NightTruth, Trail};
use crate::{Error, NightOptions};
use crowdsky_core::filename::Exposure as ExposureText;
use crowdsky_core::{Extension, FileName, FileStamp, FrameName, Target, UtcTime};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, Poisson, StandardNormal};

/// A frame is saved this many seconds after its exposure ends; the file name has the time of saving.
const SAVING_S: f64 = 3.0;
/// The telescope dithers after this many frames.
const DITHER_EVERY: usize = 5;
/// The sky brightens (or the moon rises) by this share over the run.
const SKY_RISE: f64 = 0.15;
/// A cloud is lit from below.
const CLOUD_SKY: f64 = 1.3;

/// One simulated exposure.
#[derive(Debug, Clone, PartialEq)]
pub struct SimFrame {
    /// The Bayer mosaic, row by row from the top, `width * height` numbers in ADU.
    pub pixels: Vec<u16>,
    /// Columns.
    pub width: usize,
    /// Rows.
    pub height: usize,
    /// What is true of it.
    pub truth: FrameTruth,
}

/// A simulated night. It is made in milliseconds; each frame is rendered when asked for, alone and in any order.
#[derive(Debug, Clone)]
pub struct Night {
    truth: NightTruth,
}

/// One stream of random numbers per subject, so that none depends on how many another has used: frame 7 is the
/// same alone as in the run, on one thread as on many.
#[derive(Clone, Copy)]
enum Stream {
    Catalogue,
    HotPixels,
    Events(usize),
    Noise(usize),
}

impl Stream {
    fn open(self, seed: u64) -> ChaCha8Rng {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        rng.set_stream(match self {
            Self::Catalogue => 0,
            Self::HotPixels => 1,
            Self::Events(k) => 16 + 2 * k as u64,
            Self::Noise(k) => 17 + 2 * k as u64,
        });
        rng
    }
}

impl Night {
    /// Checks the options and decides everything but the noise.
    ///
    /// # Errors
    /// [`Error::Option`] names the option that is out of its range.
    pub fn new(options: NightOptions) -> Result<Self, Error> {
        options.check()?;
        let (width, height) = options.size_px();
        let stars = sky::catalogue(&options, &mut Stream::Catalogue.open(options.seed));
        let hot_pixels = hot_pixels(&options);
        let frames = frames(&options)?;
        let reference = frames.len() / 2;
        Ok(Self { truth: NightTruth { options, width, height, reference, stars, hot_pixels, frames } })
    }

    /// Everything that is true of the night.
    pub fn truth(&self) -> &NightTruth {
        &self.truth
    }

    /// Number of exposures, at least one.
    pub fn frame_count(&self) -> usize {
        self.truth.frames.len()
    }

    /// Renders exposure `k`, counted from 0.
    ///
    /// # Errors
    /// [`Error::NoSuchFrame`] if the night has no frame `k`.
    pub fn frame(&self, k: usize) -> Result<SimFrame, Error> {
        let exposure = Exposure::collect(&self.truth, k).ok_or_else(|| self.no_such_frame(k))?;
        let (options, truth) = (&self.truth.options, self.truth.frames[k].clone());
        let pixels = exposure.read_out(options, &truth, &mut Stream::Noise(k).open(options.seed));
        Ok(SimFrame { pixels, width: self.truth.width, height: self.truth.height, truth })
    }

    /// The 2 x 3 matrix from a pixel (x, y, 1) of frame `k` to the pixel of the reference frame (frames / 2), pixel
    /// centres at whole numbers.
    ///
    /// ```
    /// use crowdsky_sim::{Night, NightOptions};
    /// let night = Night::new(NightOptions::default().frames(9).size(64, 64))?;
    /// assert_eq!(night.transform_to_reference(4)?, [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]);
    /// # Ok::<(), crowdsky_sim::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::NoSuchFrame`] if the night has no frame `k`.
    pub fn transform_to_reference(&self, k: usize) -> Result<[[f64; 3]; 2], Error> {
        self.truth.transform_to_reference(k).ok_or_else(|| self.no_such_frame(k))
    }

    fn no_such_frame(&self, index: usize) -> Error {
        Error::NoSuchFrame { index, frames: self.frame_count() }
    }
}

/// Draws the hot pixels; no position twice, so there may be a few less than asked for.
fn hot_pixels(options: &NightOptions) -> Vec<HotPixel> {
    let (width, height) = options.size_px();
    let mut rng = Stream::HotPixels.open(options.seed);
    let mut pixels: Vec<HotPixel> = (0..options.hot_pixel_count())
        .map(|_| HotPixel {
            x: rng.random_range(0..width as u32) as usize,
            y: rng.random_range(0..height as u32) as usize,
            excess: rng.random_range(500.0..20_000.0),
        })
        .collect();
    pixels.sort_by_key(|p| (p.y, p.x));
    pixels.dedup_by_key(|p| (p.y, p.x));
    pixels
}

/// What one exposure's dice say, before they are put together with its neighbours'.
struct Draws {
    step: [f64; 2],
    dither: [f64; 2],
    sky: f64,
    truth: FrameTruth,
}

/// Decides rotation, drift, clouds, sky, seeing and accidents of all exposures.
fn frames(options: &NightOptions) -> Result<Vec<FrameTruth>, Error> {
    let (n, reference) = (options.frames, options.frames / 2);
    let start = options.start_time()?;
    let exposure = ExposureText::from_seconds(options.exptime).map_err(|cause| Error::Option {
        option: "exptime",
        value: options.exptime.to_string(),
        expected: cause.to_string(),
    })?;
    // Share of the run from the first frame to frame k.
    let progress = |k: usize| if n > 1 { k as f64 / (n - 1) as f64 } else { 0.0 };
    let (mut walk, mut jump) = ([0.0; 2], [0.0; 2]);
    let mut frames: Vec<FrameTruth> = (0..n)
        .map(|k| {
            let Draws { step, dither, sky, mut truth } = draw(options, k, k == reference);
            if k % DITHER_EVERY == 0 {
                jump = dither;
            }
            for axis in 0..2 {
                walk[axis] += step[axis];
                truth.shift[axis] = walk[axis] + jump[axis];
            }
            truth.rotation = (options.rotation * (progress(k) - progress(reference))).to_radians();
            if options.meridian_flip && k > reference {
                truth.rotation += std::f64::consts::PI;
            }
            truth.sky = options.sky * (1.0 + SKY_RISE * progress(k)) * sky;
            let exposed = start.plus_seconds(k as f64 * options.cadence_s());
            truth.date_obs = exposed;
            truth.file_name = file_name(options, &exposure, exposed);
            truth
        })
        .collect();
    // Positions count from the reference frame.
    let origin = frames[reference].shift;
    for frame in &mut frames {
        frame.shift = [frame.shift[0] - origin[0], frame.shift[1] - origin[1]];
    }
    Ok(frames)
}

/// The name the telescope would give. Its clock is set to UTC here: file names differ from DATE-OBS by seconds.
fn file_name(options: &NightOptions, exposure: &ExposureText, exposed: UtcTime) -> String {
    let saved = exposed.plus_seconds(options.exptime + SAVING_S);
    let name = FrameName::Light {
        mosaic: false,
        target: Target::sanitise(&options.object),
        exposure: exposure.clone(),
        filter: Some(options.filter.clone()),
        stamp: FileStamp::from_utc(saved, 0),
    };
    FileName { name, extension: Extension::Fit }.to_string()
}

/// Throws all dice of exposure `k`, used or not: switching clouds on does not change the trails.
fn draw(options: &NightOptions, k: usize, is_reference: bool) -> Draws {
    let mut rng = Stream::Events(k).open(options.seed);
    let mut normal = |sigma: f64| -> f64 {
        let z: f64 = StandardNormal.sample(&mut rng);
        sigma * z
    };
    let step = [normal(options.drift), normal(options.drift)];
    let mut transparency = (1.0 + normal(0.02)).clamp(0.9, 1.05);
    let mut sky = 1.0 + normal(0.01);
    let fwhm = options.fwhm * (1.0 + normal(options.seeing_spread)).clamp(0.85, 1.4);

    let (radius, angle) =
        (rng.random::<f64>().sqrt() * options.dither, rng.random_range(0.0..std::f64::consts::TAU));
    let dither = [radius * libm::cos(angle), radius * libm::sin(angle)];

    let (chance, thickness) = (rng.random::<f64>(), rng.random_range(0.3..0.7));
    let cloudy = chance < options.cloudy && !is_reference;
    if cloudy {
        transparency *= thickness;
        sky *= CLOUD_SKY;
    }

    let (width, height) = options.size_px();
    let crossed = rng.random::<f64>() < options.trails && !is_reference;
    let trail = Trail {
        x: rng.random_range(0.0..width as f64),
        y: rng.random_range(0.0..height as f64),
        angle: rng.random_range(0.0..std::f64::consts::PI),
        peak: rng.random_range(80.0..1500.0),
        sigma: fwhm / (8.0 * std::f64::consts::LN_2).sqrt(),
    };

    let hits = Poisson::new(options.cosmic_ray_mean()).map_or(0.0, |poisson| poisson.sample(&mut rng));
    let cosmic_rays = (0..hits as usize).map(|_| cosmic_ray(width, height, &mut rng)).collect();

    let truth = FrameTruth {
        file_name: String::new(),
        date_obs: UtcTime::MIN,
        rotation: 0.0,
        shift: [0.0; 2],
        transparency,
        sky: 0.0,
        fwhm,
        cloudy,
        trail: crossed.then_some(trail),
        cosmic_rays,
    };
    Draws { step, dither, sky, truth }
}

/// A particle's block of 1 to 3 columns and 1 or 2 rows, whole within the frame.
fn cosmic_ray(width: usize, height: usize, rng: &mut ChaCha8Rng) -> CosmicRay {
    let (w, h) = (rng.random_range(1..=3_u32), rng.random_range(1..=2_u32));
    CosmicRay {
        x: rng.random_range(0..=width as u32 - w) as usize,
        y: rng.random_range(0..=height as u32 - h) as usize,
        width: w as usize,
        height: h as usize,
        excess: rng.random_range(800.0..20_000.0),
    }
}
