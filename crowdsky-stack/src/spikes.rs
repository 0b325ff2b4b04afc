//! Photosites that stand out alone: hot pixels and cosmic rays, not stars.
//!
//! A photosite whose second-brightest neighbour has less than half its light is no star: even at FWHM 2.0 px a star gives
//! its neighbours half.

use crate::mosaic::Mosaic;

/// A spike is this far above twice its second-brightest neighbour, in sigma of the photosite's noise.
pub(crate) const MARGIN: f32 = 5.0;

/// The second largest of the (at most) eight neighbours' heights above the sky (depths below it if `down`), at least 0.
pub(crate) fn second_neighbour(mosaic: &Mosaic, level: &[f32; 3], x: usize, y: usize, down: bool) -> f32 {
    second_around((mosaic.width(), mosaic.height()), (x, y), 1, |u, v| {
        let above = f32::from(mosaic.row(v)[u]) - level[mosaic.pattern().band(u, v).index()];
        if down { -above } else { above }
    })
}

/// The second largest of the `height`s of the (at most) eight places `step` away from `at` in a frame of `size`, at least 0.
#[inline]
pub(crate) fn second_around(
    size: (usize, usize),
    at: (usize, usize),
    step: usize,
    height: impl Fn(usize, usize) -> f32,
) -> f32 {
    let near = |at: usize, size: usize| {
        [at.checked_sub(step), Some(at), at.checked_add(step)]
            .into_iter()
            .flatten()
            .filter(move |&p| p < size)
    };
    let (mut first, mut second) = (0.0f32, 0.0f32);
    for v in near(at.1, size.1) {
        for u in near(at.0, size.0) {
            if (u, v) != at {
                let height = height(u, v);
                (first, second) = (first.max(height), second.max(first.min(height)));
            }
        }
    }
    second
}
