//! The stars of one raw frame.

use crate::background::SkyMesh;
use crate::centroid::{FWHM_PER_SIGMA, Fit, MAX_RADIUS, Width, fit_star};
use crate::grey::{Candidate, GreyImage};
use crate::mosaic::Mosaic;
use crate::spikes::{MARGIN, second_neighbour};
use crate::statistics::median;
use crate::streaks::remove_trails;
use crowdsky_core::Band;

/// A star of one frame, measured on its photosites.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Star {
    /// Column, px, whole numbers at pixel centres.
    pub x: f64,
    /// Row, px.
    pub y: f64,
    /// Counts by band, ADU.
    pub flux: [f64; 3],
    /// Total flux over its error.
    pub snr: f64,
    /// Full width at half maximum, px.
    pub fwhm: f64,
    /// Variance of x, covariance, variance of y, px².
    pub covariance: [f64; 3],
    /// The core reaches the sensor's limit: position and flux are poor.
    pub saturated: bool,
}

impl Star {
    /// Counts of all bands together, ADU.
    #[must_use]
    pub fn total_flux(&self) -> f64 {
        self.flux.iter().sum()
    }
}

/// What a frame shows.
#[derive(Debug, Clone, Default)]
pub struct Detection {
    /// Brightest first, at most [`MAX_STARS`].
    pub stars: Vec<Star>,
    /// Median FWHM of the stars with S/N above 15 (of all, if there are fewer than 5 such), px; NaN without stars.
    pub fwhm: f64,
}

/// Enough for the field's Cramer-Rao limit: the 250 brightest carry over 95 % of the weight in a Milky Way frame.
pub const MAX_STARS: usize = 250;

/// Level at which a photosite counts as saturated: real frames stop at 65,508 to 65,535 (firmware 2.76 to 4.70).
pub(crate) const SATURATION: u16 = 65_000;

/// Detection threshold in sigma of the matched filter, and the lower one for sparse fields.
const THRESHOLD: f32 = 5.0;
const SPARSE_THRESHOLD: f32 = 3.5;
/// Below this many stars the lower threshold is tried: matching tells true from false by statistics.
const SPARSE: usize = 30;

/// Finds and measures the stars of `mosaic`.
///
/// The 2 x 2 cells, weighted by the inverse noise variance of their colours, give a grey image of half the size; a
/// Gaussian matched filter, local maxima above 5 sigma, and a fit to the photosites at each. Lone bright photosites (hot
/// pixels, cosmic rays) are told apart by their dark neighbours and by fits narrower than light can be.
#[must_use]
pub fn detect(mosaic: &Mosaic, sky: &SkyMesh) -> Detection {
    let grey = GreyImage::new(mosaic, sky);
    let mut candidates = grey.maxima(SPARSE_THRESHOLD);
    candidates.retain(|c| !is_spike(mosaic, sky, c));
    remove_trails(&mut candidates, (mosaic.width(), mosaic.height()));
    let strong = candidates.iter().filter(|c| c.significance >= THRESHOLD).count();
    if strong >= SPARSE {
        candidates.truncate(strong);
    }
    // The filter's order is nearly that of flux; spare candidates replace those whose fit fails.
    candidates.truncate(MAX_STARS + MAX_STARS / 2);

    // A first look at the brightest tells the width that the faint ones are given.
    let bright: Vec<Fit> = candidates
        .iter()
        .take(50)
        .filter_map(|c| fit_star(mosaic, sky, c.x, c.y, 1.4, 6, Width::Free))
        .filter(plausible)
        .collect();
    let typical = typical_sigma(&bright).unwrap_or(1.4);
    let radius = ((2.4 * typical).ceil() as usize).clamp(4, MAX_RADIUS);
    let mut fits: Vec<Fit> = candidates
        .iter()
        .filter_map(|c| {
            let width = if c.significance > 15.0 { Width::Free } else { Width::Fixed };
            fit_star(mosaic, sky, c.x, c.y, typical, radius, width)
        })
        // A third of the frame's width is no star's image; 4 sigma of its own flux is noise.
        .filter(|f| plausible(f) && f.sigma > 0.6 * typical && f.snr > 4.0)
        .collect();
    fits.sort_by(|a, b| total(b).total_cmp(&total(a)).then(a.x.total_cmp(&b.x)).then(a.y.total_cmp(&b.y)));
    let mut stars: Vec<Star> = Vec::with_capacity(MAX_STARS);
    for f in fits {
        // Two maxima may run to the same star.
        if stars.len() == MAX_STARS {
            break;
        }
        if stars.iter().any(|s| (s.x - f.x).powi(2) + (s.y - f.y).powi(2) < 4.0) {
            continue;
        }
        stars.push(Star {
            x: f.x,
            y: f.y,
            flux: f.flux,
            snr: f.snr,
            fwhm: f.sigma * FWHM_PER_SIGMA,
            covariance: f.covariance,
            saturated: f.peak >= SATURATION,
        });
    }
    let widths =
        |min: f64| stars.iter().filter(|s| s.snr > min && !s.saturated).map(|s| s.fwhm).collect::<Vec<_>>();
    let mut w = widths(15.0);
    if w.len() < 5 {
        w = widths(0.0);
    }
    let fwhm = median(&mut w).unwrap_or(f64::NAN);
    Detection { stars, fwhm }
}

fn total(f: &Fit) -> f64 {
    f.flux.iter().sum()
}

/// Widths that a telescope can produce: from one undersampled pixel to a badly defocused star.
fn plausible(f: &Fit) -> bool {
    (0.5..7.0).contains(&f.sigma)
}

fn typical_sigma(fits: &[Fit]) -> Option<f64> {
    let mut w: Vec<f64> =
        fits.iter().filter(|f| f.snr > 8.0 && f.peak < SATURATION).map(|f| f.sigma).collect();
    median(&mut w)
}

/// Whether the brightest photosite of a candidate stands out alone (`spikes`), or lies too near the rim to tell.
fn is_spike(mosaic: &Mosaic, sky: &SkyMesh, c: &Candidate) -> bool {
    let (w, h) = (mosaic.width(), mosaic.height());
    let (cx, cy) = (c.x as usize, c.y as usize);
    if cx < 4 || cy < 4 || cx + 5 > w || cy + 5 > h {
        return true;
    }
    let level = Band::ALL.map(|b| sky.level(b, c.x, c.y));
    let above = |x: usize, y: usize| f32::from(mosaic.row(y)[x]) - level[mosaic.pattern().band(x, y).index()];
    let (mut best, mut bx, mut by) = (f32::NEG_INFINITY, cx, cy);
    for y in cy - 1..=cy + 2 {
        for x in cx - 1..=cx + 2 {
            let v = above(x, y);
            if v > best {
                (best, bx, by) = (v, x, y);
            }
        }
    }
    let second = second_neighbour(mosaic, &level, bx, by, false);
    best - 2.0 * second > MARGIN * sky.noise()[mosaic.pattern().band(bx, by).index()]
}
