//! Sky level and noise of a finished plane.

use crate::background::{median_3x3, plane_cells};
use crate::statistics::median;

/// Side of a sky cell, px.
const CELL: usize = 64;

/// Sky level of a plane on a mesh, bilinear between cells, and its noise.
pub(super) struct PlaneSky {
    columns: usize,
    rows: usize,
    levels: Vec<f32>,
    pub(super) noise: f32,
}

impl PlaneSky {
    pub(super) fn measure(plane: &[f32], width: usize, height: usize) -> PlaneSky {
        let (columns, rows) = (width.div_ceil(CELL), height.div_ceil(CELL));
        let cells = plane_cells(plane, width, CELL);
        let mut levels: Vec<f64> = cells.iter().flatten().map(|c| c.0).collect();
        let mut spreads: Vec<f64> = cells.iter().flatten().map(|c| c.1).collect();
        let usual = median(&mut levels).unwrap_or(0.0);
        let noise = median(&mut spreads).unwrap_or(1.0) as f32;
        let known: Vec<f32> = cells.iter().map(|c| c.map_or(usual, |c| c.0) as f32).collect();
        // So that a bright star's halo does not lift its own cell.
        let smooth = median_3x3(&known, columns, rows);
        PlaneSky { columns, rows, levels: smooth, noise }
    }

    pub(super) fn at(&self, x: usize, y: usize) -> f32 {
        let place = |i: usize, cells: usize| {
            let u = (i as f32 / CELL as f32 - 0.5).clamp(0.0, (cells - 1) as f32);
            (u as usize, u.fract())
        };
        let ((i, fx), (j, fy)) = (place(x, self.columns), place(y, self.rows));
        let level =
            |i: usize, j: usize| self.levels[j.min(self.rows - 1) * self.columns + i.min(self.columns - 1)];
        let (a, b) = (
            level(i, j) * (1.0 - fx) + level(i + 1, j) * fx,
            level(i, j + 1) * (1.0 - fx) + level(i + 1, j + 1) * fx,
        );
        a + (b - a) * fy
    }
}
