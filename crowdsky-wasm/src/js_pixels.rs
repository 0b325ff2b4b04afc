//! The door to JavaScript, of the module `pixels`.
#![allow(unreachable_pub, reason = "JavaScript reaches what is public here")]

use crate::pixels::{picture_of, quality_of};
use wasm_bindgen::prelude::*;

/// How good a frame is.
#[wasm_bindgen]
#[derive(Debug, Clone, Copy)]
pub struct Quality {
    /// Stars found.
    pub stars: u32,
    /// Median width of the stars at half maximum, px; NaN without stars.
    pub fwhm: f64,
    /// Level of the sky, ADU.
    pub sky: f64,
}

/// Stars, their width and the sky of a raw frame, of whose file `bytes` are all. Takes 40 ms for a frame of 2 megapixels.
///
/// # Errors
/// A file that is no raw frame.
#[wasm_bindgen]
pub fn quality(bytes: &[u8]) -> Result<Quality, JsError> {
    let found = quality_of(bytes)?;
    Ok(Quality { stars: found.stars as u32, fwhm: found.fwhm, sky: found.sky })
}

/// A picture of a frame.
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
    /// Red, green, blue and 255 of each pixel, row by row, as `ImageData` takes it.
    #[wasm_bindgen(getter)]
    #[must_use]
    pub fn rgba(&self) -> Vec<u8> {
        self.rgba.clone()
    }
}

/// A picture, at most `longest` pixels long, of a raw frame of whose file `bytes` are all.
///
/// # Errors
/// A file that is no raw frame.
#[wasm_bindgen]
pub fn preview(bytes: &[u8], longest: u32) -> Result<Preview, JsError> {
    let picture = picture_of(bytes, longest as usize)?;
    Ok(Preview { width: picture.width as u32, height: picture.height as u32, rgba: picture.rgba })
}
