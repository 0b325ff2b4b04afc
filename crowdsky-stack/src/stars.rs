//! The stars of one raw frame.

use crate::background::SkyMesh;
use crate::centroid::{FWHM_PER_SIGMA, Fit, Width, fit_star};
use crate::mosaic::{Band, Mosaic};
use crate::statistics::{MAD_TO_SIGMA, median};
use crate::streaks::remove_trails;

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
    let radius = ((2.4 * typical).ceil() as usize).clamp(4, 10);
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

/// A local maximum of the filtered grey image.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Candidate {
    pub(crate) x: f64,
    pub(crate) y: f64,
    pub(crate) significance: f32,
}

/// A photosite whose second-brightest neighbour has less than half its light is no star: even at FWHM 2.0 px a
/// star gives its neighbours half.
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
    let (mut first, mut second) = (0.0f32, 0.0f32);
    for y in by - 1..=by + 1 {
        for x in bx - 1..=bx + 1 {
            if (x, y) != (bx, by) {
                let v = above(x, y);
                if v > first {
                    (second, first) = (first, v);
                } else if v > second {
                    second = v;
                }
            }
        }
    }
    best - 2.0 * second > 5.0 * sky.noise()[mosaic.pattern().band(bx, by).index()]
}

/// The frame at half size in units of its noise, after the matched filter.
struct GreyImage {
    width: usize,
    height: usize,
    values: Vec<f32>,
    noise: f32,
}

impl GreyImage {
    fn new(mosaic: &Mosaic, sky: &SkyMesh) -> GreyImage {
        let (width, height) = (mosaic.width() / 2, mosaic.height() / 2);
        let inverse = sky.noise().map(|n| 1.0 / (n * n));
        let sum = inverse[0] + 2.0 * inverse[1] + inverse[2];
        let weight = |x: usize, y: usize| inverse[mosaic.pattern().band(x, y).index()] / sum;
        let weights = [[weight(0, 0), weight(1, 0)], [weight(0, 1), weight(1, 1)]];
        let mut values = vec![0.0f32; width * height];
        let mut level = vec![0.0f32; width];
        for (j, out) in values.chunks_exact_mut(width).enumerate() {
            level_row(sky, inverse, sum, 2 * j, &mut level);
            let (top, bottom) = (mosaic.row(2 * j), mosaic.row(2 * j + 1));
            for (i, v) in out.iter_mut().enumerate() {
                *v = weights[0][0] * f32::from(top[2 * i])
                    + weights[0][1] * f32::from(top[2 * i + 1])
                    + weights[1][0] * f32::from(bottom[2 * i])
                    + weights[1][1] * f32::from(bottom[2 * i + 1])
                    - level[i];
            }
        }
        let gain = smooth(&mut values, width, height);
        // White noise through the filter; where the field is so crowded that stars are the noise, the spread itself.
        let mut sample: Vec<f64> = values.iter().step_by(37).map(|&v| f64::from(v).abs()).collect();
        let spread = MAD_TO_SIGMA * median(&mut sample).unwrap_or(0.0);
        let noise = (gain / sum.sqrt()).max(spread as f32);
        GreyImage { width, height, values, noise }
    }

    /// Local maxima above `threshold` sigma, most significant first.
    fn maxima(&self, threshold: f32) -> Vec<Candidate> {
        let (w, cut) = (self.width, threshold * self.noise);
        let mut found = Vec::new();
        for j in 1..self.height - 1 {
            let row = &self.values[j * w..(j + 1) * w];
            let (above, below) = (&self.values[(j - 1) * w..j * w], &self.values[(j + 1) * w..(j + 2) * w]);
            for i in 1..w - 1 {
                let v = row[i];
                // Strict on one side, so that a plateau gives one maximum.
                if v > cut
                    && v > row[i - 1]
                    && v >= row[i + 1]
                    && above[i - 1..=i + 1].iter().all(|&o| v > o)
                    && below[i - 1..=i + 1].iter().all(|&o| v >= o)
                {
                    let offset = |a: f32, b: f32| {
                        let curve = a + b - 2.0 * v;
                        if curve < 0.0 { f64::from((0.5 * (a - b) / curve).clamp(-0.5, 0.5)) } else { 0.0 }
                    };
                    found.push(Candidate {
                        x: 2.0 * (i as f64 + offset(row[i - 1], row[i + 1])) + 0.5,
                        y: 2.0 * (j as f64 + offset(above[i], below[i])) + 0.5,
                        significance: v / self.noise,
                    });
                }
            }
        }
        found.sort_by(|a, b| {
            b.significance.total_cmp(&a.significance).then(a.y.total_cmp(&b.y)).then(a.x.total_cmp(&b.x))
        });
        found
    }
}

/// The grey sky level along cell row `y / 2`, interpolated between nodes 16 cells apart (the mesh itself is 32 apart).
fn level_row(sky: &SkyMesh, inverse: [f32; 3], sum: f32, y: usize, out: &mut [f32]) {
    const STEP: usize = 16;
    let grey = |i: usize| {
        let l = Band::ALL.map(|b| sky.level(b, (2 * i) as f64 + 0.5, y as f64 + 0.5));
        (inverse[0] * l[0] + 2.0 * inverse[1] * l[1] + inverse[2] * l[2]) / sum
    };
    let mut left = grey(0);
    for (k, part) in out.chunks_mut(STEP).enumerate() {
        let right = grey((k + 1) * STEP);
        for (i, v) in part.iter_mut().enumerate() {
            *v = left + (right - left) * (i as f32 / STEP as f32);
        }
        left = right;
    }
}

/// Separable Gaussian of sigma 0.85 cells, the match to a FWHM of 3.4 to 4 px; returns the noise gain of white noise.
fn smooth(values: &mut [f32], width: usize, height: usize) -> f32 {
    const SIGMA: f32 = 0.85;
    let k1 = (-0.5 / (SIGMA * SIGMA)).exp();
    let k2 = (-2.0 / (SIGMA * SIGMA)).exp();
    let total = 1.0 + 2.0 * (k1 + k2);
    let k = [1.0 / total, k1 / total, k2 / total];
    let mut across = vec![0.0f32; values.len()];
    for (row, out) in values.chunks_exact(width).zip(across.chunks_exact_mut(width)) {
        for (o, v) in out[2..width - 2].iter_mut().zip(row.windows(5)) {
            *o = k[0] * v[2] + k[1] * (v[1] + v[3]) + k[2] * (v[0] + v[4]);
        }
    }
    values[..2 * width].fill(0.0);
    values[(height - 2) * width..].fill(0.0);
    for (j, out) in values.chunks_exact_mut(width).enumerate().take(height - 2).skip(2) {
        let row = |d: usize| &across[(j + d - 2) * width..(j + d - 1) * width];
        let (a, b, c, d, e) = (row(0), row(1), row(2), row(3), row(4));
        for i in 0..width {
            out[i] = k[0] * c[i] + k[1] * (b[i] + d[i]) + k[2] * (a[i] + e[i]);
        }
    }
    k[0] * k[0] + 2.0 * (k[1] * k[1] + k[2] * k[2])
}
