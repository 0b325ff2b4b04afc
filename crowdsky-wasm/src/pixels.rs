//! What a frame's pixels show: a picture of it, and how good it is.

use crowdsky_core::BayerPattern;
use crowdsky_fits::{Limits, frame_meta, read_raw_u16};
use crowdsky_stack::{Mosaic, SkyMesh, detect};
use wasm_bindgen::prelude::*;

/// How good a frame is.
#[wasm_bindgen]
#[derive(Debug, Clone, Copy)]
pub struct Quality {
    /// Stars found.
    pub stars: u32,
    /// Median width of the stars at half maximum, px; NaN without stars.
    pub fwhm: f64,
    /// Median level of the sky, ADU, mean of the bands.
    pub sky: f64,
}

/// Reads the frame in `bytes`, a whole file.
fn mosaic(bytes: &[u8]) -> Result<Mosaic, JsError> {
    let frame = read_raw_u16(bytes, &Limits::default())?;
    let said = frame_meta(&frame.header).0.bayer;
    let pattern = said.as_deref().and_then(|text| text.parse().ok()).unwrap_or(BayerPattern::Grbg);
    Ok(Mosaic::new(frame.width, frame.height, pattern, frame.pixels)?)
}

/// Stars, their width and the sky of the raw frame in `bytes`, a whole file.
///
/// # Errors
/// A file that is no raw frame.
#[wasm_bindgen]
#[allow(unreachable_pub)] // JavaScript reaches it.
pub fn quality(bytes: &[u8]) -> Result<Quality, JsError> {
    let mosaic = mosaic(bytes)?;
    let sky = SkyMesh::measure(&mosaic);
    let found = detect(&mosaic, &sky);
    let mut levels: Vec<u16> = mosaic.pixels().to_vec();
    let middle = levels.len() / 2;
    let (_, median, _) = levels.select_nth_unstable(middle);
    Ok(Quality { stars: found.stars.len() as u32, fwhm: found.fwhm, sky: f64::from(*median) })
}

/// A picture of a frame, at most `longest` pixels long: RGBA, row by row, as `ImageData` takes it.
#[wasm_bindgen]
#[derive(Debug)]
pub struct Preview {
    /// Columns.
    pub width: u32,
    /// Rows.
    pub height: u32,
    rgba: Vec<u8>,
}

#[wasm_bindgen]
impl Preview {
    /// The pixels.
    #[wasm_bindgen(getter)]
    #[must_use]
    pub fn rgba(&self) -> Vec<u8> {
        self.rgba.clone()
    }
}

/// Share of the pixels that are black, and white.
const BLACK_WHITE: (f64, f64) = (0.25, 0.998);

/// Shows the raw frame in `bytes`, a whole file: each pixel the mean of whole 2 x 2 cells, each colour stretched by its own levels.
///
/// # Errors
/// A file that is no raw frame.
#[wasm_bindgen]
#[allow(unreachable_pub)] // JavaScript reaches it.
pub fn preview(bytes: &[u8], longest: u32) -> Result<Preview, JsError> {
    let mosaic = mosaic(bytes)?;
    let step = 2 * mosaic.width().max(mosaic.height()).div_ceil(2 * longest.max(1) as usize).max(1);
    let (width, height) = (mosaic.width() / step, mosaic.height() / step);
    let mut planes = [const { Vec::new() }; 3];
    for top in (0..height * step).step_by(step) {
        for left in (0..width * step).step_by(step) {
            let (mut sums, mut counts) = ([0u64; 3], [0u64; 3]);
            for y in top..top + step {
                for (x, &value) in mosaic.row(y).iter().enumerate().skip(left).take(step) {
                    let band = mosaic.pattern().band(x, y).index();
                    (sums[band], counts[band]) = (sums[band] + u64::from(value), counts[band] + 1);
                }
            }
            for band in 0..3 {
                planes[band].push((sums[band] / counts[band].max(1)) as u16);
            }
        }
    }
    let mut rgba = vec![255; 4 * width * height];
    for (band, plane) in planes.iter().enumerate() {
        let mut sorted = plane.clone();
        sorted.sort_unstable();
        let at =
            |part: f64| f64::from(sorted.get((part * sorted.len() as f64) as usize).copied().unwrap_or(0));
        let (black, white) = (at(BLACK_WHITE.0), at(BLACK_WHITE.1));
        for (pixel, &value) in rgba.chunks_exact_mut(4).zip(plane) {
            let level = ((f64::from(value) - black) / (white - black).max(1.0)).clamp(0.0, 1.0);
            pixel[band] = (255.0 * level.sqrt()) as u8;
        }
    }
    Ok(Preview { width: width as u32, height: height as u32, rgba })
}
