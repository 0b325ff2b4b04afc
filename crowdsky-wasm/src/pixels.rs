//! What a raw frame's pixels show: how good it is, and a picture of it.

use crowdsky_core::BayerPattern;
use crowdsky_fits::{Limits, frame_meta, read_raw_u16};
use crowdsky_stack::{Mosaic, SkyMesh, detect};

/// Largest frame that is taken, bytes of pixels: 16 million of them, twice that of any Seestar.
const MAX_PIXELS: u64 = 16 << 20;

/// Why a file shows nothing.
#[derive(Debug, thiserror::Error)]
pub enum NoPixels {
    /// It is no raw frame, or cut off.
    #[error("{0}")]
    Fits(#[from] crowdsky_fits::Error),
    /// Its pixels make no frame.
    #[error("{0}")]
    Frame(#[from] crowdsky_stack::Error),
}

/// How good a frame is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Quality {
    /// Stars found.
    pub stars: usize,
    /// Median width of the stars at half maximum, px; NaN without stars.
    pub fwhm: f64,
    /// Level of the sky, ADU: the mean of the bands' medians.
    pub sky: f64,
}

/// A picture: red, green, blue and 255, row by row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picture {
    /// Columns.
    pub width: usize,
    /// Rows.
    pub height: usize,
    /// `4 * width * height` bytes.
    pub rgba: Vec<u8>,
}

/// Stars, their width and the sky of a raw frame, of whose file these are all bytes.
///
/// # Errors
/// A file that is no raw frame.
pub fn quality_of(bytes: &[u8]) -> Result<Quality, NoPixels> {
    let mosaic = mosaic(bytes)?;
    let sky = SkyMesh::measure(&mosaic);
    let found = detect(&mosaic, &sky);
    let level = sky.median().iter().map(|level| f64::from(*level)).sum::<f64>() / 3.0;
    Ok(Quality { stars: found.stars.len(), fwhm: found.fwhm, sky: level })
}

/// A picture of a raw frame, at most `longest` pixels long: the mean of the photosites of each colour in whole cells, the sky of each
/// colour dark grey, and what is brighter lifted by an inverse hyperbolic sine (Lupton et al. 2004, PASP 116, 133).
///
/// # Errors
/// A file that is no raw frame.
pub fn picture_of(bytes: &[u8], longest: usize) -> Result<Picture, NoPixels> {
    let mosaic = mosaic(bytes)?;
    let step = 2 * mosaic.width().max(mosaic.height()).div_ceil(2 * longest.max(1)).max(1);
    let (width, height) = ((mosaic.width() / step).max(1), (mosaic.height() / step).max(1));
    let mut planes = [const { Vec::new() }; 3];
    for top in 0..height {
        for left in 0..width {
            for (plane, mean) in planes.iter_mut().zip(means(&mosaic, left * step, top * step, step)) {
                plane.push(mean);
            }
        }
    }
    let mut rgba = vec![255; 4 * width * height];
    let sky = planes.each_ref().map(|plane| sorted(plane.iter().copied()));
    let middle = |values: &[f32]| values[values.len() / 2];
    // Of the fainter half alone: stars and nebulae widen the other.
    let noise = sky.each_ref().map(|values| 1.48 * (middle(values) - values[values.len() / 4]) / 0.6745);
    let noise = noise.iter().copied().fold(1.0, f32::max);
    let over =
        planes.iter().zip(&sky).flat_map(|(plane, sky)| plane.iter().map(|v| (v - middle(sky)) / noise));
    let over = sorted(over);
    // One star more or less does not change a picture of a few thousand pixels.
    let white = over[(over.len() - 1) * 997 / 1000].max(15.0);
    for ((band, plane), sky) in planes.iter().enumerate().zip(&sky) {
        for (pixel, value) in rgba.chunks_exact_mut(4).zip(plane) {
            let light = ((value - middle(sky)) / noise + 1.5) / (white + 1.5);
            pixel[band] = (255.0 * (12.0 * light.clamp(0.0, 1.0)).asinh() / 12f32.asinh()) as u8;
        }
    }
    Ok(Picture { width, height, rgba })
}

/// Mean of each band in the square of `step` pixels, those of it that lie in the frame.
fn means(mosaic: &Mosaic, left: usize, top: usize, step: usize) -> [f32; 3] {
    let (mut sums, mut counts) = ([0u64; 3], [0u64; 3]);
    for y in top..(top + step).min(mosaic.height()) {
        let row = mosaic.row(y);
        for (x, value) in row.iter().enumerate().take(left + step).skip(left) {
            let band = mosaic.pattern().band(x, y).index();
            sums[band] += u64::from(*value);
            counts[band] += 1;
        }
    }
    std::array::from_fn(|band| sums[band] as f32 / counts[band].max(1) as f32)
}

fn sorted(values: impl Iterator<Item = f32>) -> Vec<f32> {
    let mut values: Vec<f32> = values.collect();
    values.sort_unstable_by(f32::total_cmp);
    values
}

fn mosaic(bytes: &[u8]) -> Result<Mosaic, NoPixels> {
    let limits = Limits { pixels: MAX_PIXELS, data_bytes: 4 * MAX_PIXELS, ..Limits::default() };
    let frame = read_raw_u16(bytes, &limits)?;
    // Every Seestar so far is GRBG; a card that nobody can read shall not hide the picture.
    let said = frame_meta(&frame.header).0.bayer;
    let pattern = said.and_then(|text| text.parse().ok()).unwrap_or(BayerPattern::Grbg);
    Ok(Mosaic::new(frame.width, frame.height, pattern, frame.pixels)?)
}
