//! The sky of a plane: a quadratic surface through the medians of its cells.
//!
//! Moonlight and street lamps make gradients of ten times the stack's noise; what is smaller than the frame stays.

use crate::background::plane_cells;
use crate::levels::{robust_surface, terms, unit};
use crate::statistics::{MAD_TO_SIGMA, median};

/// Side of a cell, px.
const CELL: usize = 48;
/// Noise of a cell's median, in spreads of its pixels, of which every second in every second row is looked at.
const MEDIAN_NOISE: f64 = 1.25 * 2.0 / CELL as f64;
/// Spreads above the surface at which a cell is taken for a nebula or a galaxy: objects only add light.
const OBJECT: f64 = 1.5;
/// Rounds in which the surface sinks below objects; a nebula over a third of the frame takes five.
const ROUNDS: usize = 8;

pub(super) struct Sky {
    surface: [f64; 6],
    size: (f64, f64),
}

impl Sky {
    pub(super) fn measure(plane: &[f32], width: usize) -> Sky {
        let height = plane.len() / width;
        let size = (width as f64, height as f64);
        let columns = width.div_ceil(CELL);
        let mut cells = Vec::new();
        for (at, cell) in plane_cells(plane, width, CELL).into_iter().enumerate() {
            let Some((level, spread)) = cell else { continue };
            let centre = |i: usize, side: usize| 0.5 * (i * CELL + ((i + 1) * CELL).min(side)) as f64 - 0.5;
            let (cx, cy) = (centre(at % columns, width), centre(at / columns, height));
            let terms = terms(unit(cx, size.0), unit(cy, size.1));
            cells.push(Cell { terms, level, noise: MEDIAN_NOISE * spread });
        }
        Sky { surface: below_objects(&cells), size }
    }

    /// Row `y` of the plane without its sky, times `gain`.
    pub(super) fn take_off(&self, row: &[f32], y: usize, gain: f64) -> impl Iterator<Item = f32> {
        let [c0, c1, c2, c3, c4, c5] = self.surface;
        let (width, v) = (self.size.0, unit(y as f64, self.size.1));
        let (level, slope) = (c0 + c2 * v + c5 * v * v, c1 + c4 * v);
        row.iter().enumerate().map(move |(x, &value)| {
            let u = unit(x as f64, width);
            (gain * (f64::from(value) - (level + u * (slope + u * c3)))) as f32
        })
    }
}

struct Cell {
    terms: [f64; 6],
    level: f64,
    /// Of the level.
    noise: f64,
}

/// The surface through the cells that show sky only. Where most cells of a place are brighter than the rest allows, they
/// are left out; the spread is that of the cells below the surface, which no object widens. It is no less than the noise of
/// the cell: below cells that it has just left out the surface would sink for ever, and at a noisy rim it would bend down.
fn below_objects(cells: &[Cell]) -> [f64; 6] {
    let fit = |cells: &mut dyn Iterator<Item = &Cell>| {
        robust_surface(&cells.map(|c| (c.terms, c.level)).collect::<Vec<_>>())
    };
    let mut surface = fit(&mut cells.iter()).unwrap_or_default();
    for _ in 0..ROUNDS {
        let above = |c: &Cell| c.level - surface.iter().zip(c.terms).map(|(a, t)| a * t).sum::<f64>();
        let mut below: Vec<f64> = cells.iter().map(above).filter(|&r| r < 0.0).map(f64::abs).collect();
        // 0.05 ADU: a sky without noise has no spread to go by.
        let spread = (MAD_TO_SIGMA * median(&mut below).unwrap_or(0.0)).max(0.05);
        let Some(next) = fit(&mut cells.iter().filter(|c| above(c) < OBJECT * spread.max(c.noise))) else {
            break;
        };
        surface = next;
    }
    surface
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_nebula_over_a_quarter_of_the_frame_is_not_eaten() {
        let (width, height) = (600, 900);
        let truth = |x: f64, y: f64| 800.0 + 0.05 * x - 0.03 * y;
        let plane: Vec<f32> = (0..width * height)
            .map(|i| {
                let (x, y) = ((i % width) as f64, (i / width) as f64);
                let nebula =
                    60.0 * (-0.5 * ((x - 250.0).powi(2) + (y - 400.0).powi(2)) / 90.0f64.powi(2)).exp();
                let noise =
                    ((i as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 40) as f64 / f64::from(1 << 24);
                (truth(x, y) + nebula + 20.0 * (noise - 0.5)) as f32
            })
            .collect();
        let sky = Sky::measure(&plane, width);
        for y in (0..height).step_by(50) {
            let level: Vec<f32> = sky.take_off(&vec![0.0; width], y, -1.0).collect();
            for x in (0..width).step_by(50) {
                let error = f64::from(level[x]) - truth(x as f64, y as f64);
                assert!(error.abs() < 2.0, "({x}, {y}): the sky is off by {error}, the nebula has 60");
            }
        }
    }
}
