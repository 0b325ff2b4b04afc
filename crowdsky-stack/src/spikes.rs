//! Photosites that stand out alone: hot pixels and cosmic rays, not stars.
//!
//! A photosite whose second-brightest neighbour has less than half its light is no star: even at FWHM 2.0 px a star gives
//! its neighbours half.

use crate::mosaic::Mosaic;

/// A spike is this far above twice its second-brightest neighbour, in sigma of the photosite's noise.
pub(crate) const MARGIN: f32 = 5.0;

/// The second largest of the (at most) eight neighbours' heights above the sky (depths below it if `down`), at least 0.
pub(crate) fn second_neighbour(mosaic: &Mosaic, level: &[f32; 3], x: usize, y: usize, down: bool) -> f32 {
    let (mut first, mut second) = (0.0f32, 0.0f32);
    for v in y.saturating_sub(1)..(y + 2).min(mosaic.height()) {
        let row = mosaic.row(v);
        for u in x.saturating_sub(1)..(x + 2).min(row.len()) {
            if (u, v) == (x, y) {
                continue;
            }
            let above = f32::from(row[u]) - level[mosaic.pattern().band(u, v).index()];
            let height = if down { -above } else { above };
            if height > first {
                (second, first) = (first, height);
            } else if height > second {
                second = height;
            }
        }
    }
    second
}
