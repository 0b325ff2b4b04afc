//! What sky each frame has more than the reference: a smooth surface per colour, taken off before frames are averaged.
//!
//! The difference of two frames' skies is smooth (moonlight, twilight, vignetting of a brighter sky, a turned gradient);
//! what both show (nebulae, galaxies) cancels and stays in the picture. So no frame's own background model, with its
//! holes at bright objects, is ever subtracted.
#![allow(clippy::needless_range_loop)] // Indices as in the formulas.

use crate::background::SkyMesh;
use crate::linalg::{cholesky, solve};
use crate::statistics::median_and_spread;
use crate::transform::Transform;
use crowdsky_core::Band;

/// Sky of a frame less `transparency` times the reference's, ADU: `c0 + c1 u + c2 v + c3 u² + c4 uv + c5 v²` by band, with
/// u and v from -1 to 1 over the frame.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct SkyDifference {
    coefficients: [[f64; 6]; 3],
    size: (f64, f64),
}

/// Cells that a plane and a full quadratic need.
const PLANE_CELLS: usize = 12;
const QUADRATIC_CELLS: usize = 40;

/// The terms of a full quadratic.
pub(crate) fn terms(u: f64, v: f64) -> [f64; 6] {
    [1.0, u, v, u * u, u * v, v * v]
}

impl SkyDifference {
    /// Fits the difference on the mesh cells of `frame` that `transform` takes into the reference (`size` in px).
    pub(crate) fn fit(
        frame: &SkyMesh,
        reference: &SkyMesh,
        transform: &Transform,
        transparency: f64,
        size: (usize, usize),
    ) -> Self {
        let size = (size.0 as f64, size.1 as f64);
        let (columns, rows) = frame.shape();
        let mut coefficients = [[0.0; 6]; 3];
        for band in Band::ALL {
            let mut cells: Vec<([f64; 6], f64)> = Vec::with_capacity(columns * rows);
            for j in 0..rows {
                for i in 0..columns {
                    let (x, y) = frame.cell_centre(i, j);
                    let (rx, ry) = transform.apply(x, y);
                    if rx >= 0.0 && ry >= 0.0 && rx < size.0 && ry < size.1 {
                        let difference = f64::from(frame.cell(band, i, j))
                            - transparency * f64::from(reference.level(band, rx, ry));
                        let (u, v) = (unit(x, size.0), unit(y, size.1));
                        cells.push((terms(u, v), difference));
                    }
                }
            }
            coefficients[band.index()] = robust_surface(&cells).unwrap_or_else(|| {
                let level = f64::from(frame.median()[band.index()])
                    - transparency * f64::from(reference.median()[band.index()]);
                [level, 0.0, 0.0, 0.0, 0.0, 0.0]
            });
        }
        SkyDifference { coefficients, size }
    }

    /// The difference at a pixel of the frame, by band, ADU.
    pub(crate) fn at(&self, x: f64, y: f64) -> [f64; 3] {
        let t = terms(unit(x, self.size.0), unit(y, self.size.1));
        self.coefficients.map(|c| c.iter().zip(t).map(|(c, t)| c * t).sum())
    }
}

impl SkyDifference {
    /// The difference along row `y` of the frame from column `x` on: value there, and its change by column and by column
    /// squared.
    pub(crate) fn along_row(&self, band: Band, x: f64, y: f64) -> [f64; 3] {
        let [c0, c1, c2, c3, c4, c5] = self.coefficients[band.index()];
        let (u, v) = (unit(x, self.size.0), unit(y, self.size.1));
        let step = 2.0 / (self.size.0 - 1.0);
        let slope = c1 + c4 * v;
        [c0 + c2 * v + c5 * v * v + u * (slope + u * c3), step * (slope + 2.0 * u * c3), step * step * c3]
    }
}

/// A pixel coordinate from -1 to 1 along its side; -1 where that is a single pixel.
pub(crate) fn unit(x: f64, side: f64) -> f64 {
    2.0 * x / (side - 1.0).max(1.0) - 1.0
}

/// The surface through `cells` (terms and value of each), by least squares with rounds of clipping at 3 spreads.
pub(crate) fn robust_surface(cells: &[([f64; 6], f64)]) -> Option<[f64; 6]> {
    let mut values: Vec<f64> = cells.iter().map(|c| c.1).collect();
    let (centre, _) = median_and_spread(&mut values)?;
    let order = match cells.len() {
        n if n >= QUADRATIC_CELLS => 6,
        n if n >= PLANE_CELLS => 3,
        _ => 1,
    };
    let mut surface = [centre, 0.0, 0.0, 0.0, 0.0, 0.0];
    for _ in 0..4 {
        let residual = |c: &([f64; 6], f64)| c.1 - surface.iter().zip(c.0).map(|(a, t)| a * t).sum::<f64>();
        let mut residuals: Vec<f64> = cells.iter().map(residual).collect();
        let (middle, spread) = median_and_spread(&mut residuals)?;
        // 0.05 ADU keeps a noiseless sky from rejecting its own rounding.
        let cut = 3.0 * spread.max(0.05);
        let mut normal = [[0.0; 6]; 6];
        let mut right = [0.0; 6];
        for c in cells.iter().filter(|c| (residual(c) - middle).abs() <= cut) {
            for i in 0..order {
                right[i] += c.0[i] * c.1;
                for j in 0..order {
                    normal[i][j] += c.0[i] * c.0[j];
                }
            }
        }
        for (k, row) in normal.iter_mut().enumerate().skip(order) {
            row[k] = 1.0;
        }
        match cholesky(&normal) {
            Some(l) => surface = solve(&l, &right),
            // Cells in one row or column only: the level is all they tell.
            None => return Some([centre, 0.0, 0.0, 0.0, 0.0, 0.0]),
        }
    }
    Some(surface)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_curved_sky_with_a_nebula_in_a_few_cells_is_fitted() {
        let truth = [10.0, -3.0, 2.0, 1.5, -0.5, 0.7];
        let cells: Vec<_> = (0..17 * 30)
            .map(|i| {
                let t = terms(f64::from(i % 17) / 8.0 - 1.0, f64::from(i / 17) / 14.5 - 1.0);
                let nebula = if i % 50 == 0 { 300.0 } else { 0.0 };
                let noise = f64::from((i * 7919) % 11) * 0.1 - 0.5;
                (t, truth.iter().zip(t).map(|(a, b)| a * b).sum::<f64>() + nebula + noise)
            })
            .collect();
        let found = robust_surface(&cells).expect("many cells");
        for (f, t) in found.iter().zip(truth) {
            assert!((f - t).abs() < 0.15, "{found:?}");
        }
        let few = robust_surface(&cells[1..6]).expect("five cells give a level");
        assert!(few[1..].iter().all(|&c| c == 0.0));
        assert!(robust_surface(&[]).is_none());
    }
}
