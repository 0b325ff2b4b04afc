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

    /// The levels of row `y`, all columns.
    pub(super) fn row(&self, y: usize, out: &mut [f32]) {
        let half = CELL / 2;
        // Between the middles of two cells the level is a straight line; before the first and after the last it is theirs.
        let width = out.len();
        for i in 0..=self.columns {
            let (from, to) = ((i * CELL).saturating_sub(half).min(width), (i * CELL + half).min(width));
            let (left, right) = (i.saturating_sub(1), i.min(self.columns - 1));
            let (a, b) = (self.level(left, y), self.level(right, y));
            let middle = (i * CELL) as f32 - half as f32;
            for (x, v) in out[from..to].iter_mut().enumerate() {
                let t = ((from + x) as f32 - middle) / CELL as f32;
                *v = a + (b - a) * t;
            }
        }
        let end = (self.columns * CELL + half).min(width);
        out[end..].fill(self.level(self.columns - 1, y));
    }

    /// The level in the middle of cell column `i`, in row `y`.
    fn level(&self, i: usize, y: usize) -> f32 {
        let v = (y as f32 / CELL as f32 - 0.5).clamp(0.0, (self.rows - 1) as f32);
        let (j, t) = (v as usize, v.fract());
        let (a, b) =
            (self.levels[j * self.columns + i], self.levels[(j + 1).min(self.rows - 1) * self.columns + i]);
        a + (b - a) * t
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_its_pixels() {
        let levels: Vec<f32> = (0..20).map(|i| (i * i % 37) as f32).collect();
        let sky = PlaneSky { columns: 5, rows: 4, levels, noise: 1.0 };
        let mut row = vec![0.0; 300];
        for y in [0, 31, 32, 100, 200, 255] {
            sky.row(y, &mut row);
            for (x, v) in row.iter().enumerate() {
                assert!((v - sky.at(x, y)).abs() < 1e-4, "{x}, {y}: {v} is not {}", sky.at(x, y));
            }
        }
    }
}
