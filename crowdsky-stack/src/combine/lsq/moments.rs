//! What is remembered of a cell's samples, and the normal equations that follow.
//!
//! A sample at (x, y) of a cell sees the bilinear spline `m = sum of hat functions`: of the four nodes around it, with the
//! weights (l, h) = (1/2 - g, 1/2 + g) along each axis, g = fraction - 1/2. All products of two such weights are sums of
//! products of 1, gx, gx² and 1, gy, gy², so nine sums a cell hold its whole part of the Gram matrix, and four the right side:
//!
//! `[w, w gx, w gx², 0, w gy, w gx gy, w gx² gy, 0, w gy², w gx gy², w gx² gy², 0, w r, w r gx, w r gy, w r gx gy]`
//!
//! with the weight w and the residual r of the sample from the start.

use super::tile::{AREA, SIDE};
use crate::simd::Cell;

/// The normal equations of a tile: a symmetric matrix of nine diagonals, its upper five kept, and the right side.
pub(super) struct Equations {
    pub(super) diagonal: Vec<f32>,
    /// To the node on the right, below, below right, below left.
    pub(super) east: Vec<f32>,
    pub(super) south: Vec<f32>,
    pub(super) south_east: Vec<f32>,
    pub(super) south_west: Vec<f32>,
    pub(super) right: Vec<f32>,
}

impl Equations {
    pub(super) fn new() -> Equations {
        let nodes = || vec![0.0; AREA];
        Equations {
            diagonal: nodes(),
            east: nodes(),
            south: nodes(),
            south_east: nodes(),
            south_west: nodes(),
            right: nodes(),
        }
    }

    /// From the moments of all cells.
    pub(super) fn assemble(&mut self, cells: &[Cell]) {
        let planes = [
            &mut self.diagonal,
            &mut self.east,
            &mut self.south,
            &mut self.south_east,
            &mut self.south_west,
            &mut self.right,
        ];
        for plane in planes {
            plane.fill(0.0);
        }
        for j in 0..SIDE - 1 {
            for i in 0..SIDE - 1 {
                let o = j * SIDE + i;
                let cell = &cells[o];
                if cell[0] == 0.0 {
                    continue;
                }
                let g = gram(cell);
                self.diagonal[o] += g.ll[0];
                self.diagonal[o + 1] += g.hh[0];
                self.diagonal[o + SIDE] += g.ll[2];
                self.diagonal[o + SIDE + 1] += g.hh[2];
                self.east[o] += g.lh[0];
                self.east[o + SIDE] += g.lh[2];
                self.south[o] += g.ll[1];
                self.south[o + 1] += g.hh[1];
                self.south_east[o] += g.lh[1];
                self.south_west[o + 1] += g.lh[1];
                let (r, rx, ry, rxy) = (0.25 * cell[12], 0.5 * cell[13], 0.5 * cell[14], cell[15]);
                self.right[o] += r - rx - ry + rxy;
                self.right[o + 1] += r + rx - ry - rxy;
                self.right[o + SIDE] += r - rx + ry - rxy;
                self.right[o + SIDE + 1] += r + rx + ry + rxy;
            }
        }
    }
}

/// The products of a cell's hat weights: along x left with left, left with right, right with right; each of these along y in
/// the same three ways.
pub(super) struct Gram {
    pub(super) ll: [f32; 3],
    pub(super) lh: [f32; 3],
    pub(super) hh: [f32; 3],
}

/// `sum w l l, sum w l h, sum w h h` from `sum w, sum w g, sum w g²`.
#[inline(always)]
fn products(w: f32, g: f32, gg: f32) -> [f32; 3] {
    let quarter = 0.25 * w;
    [quarter - g + gg, quarter - gg, quarter + g + gg]
}

#[inline(always)]
pub(super) fn gram(cell: &Cell) -> Gram {
    let along = |b: usize| products(cell[b], cell[b + 1], cell[b + 2]);
    let (y0, y1, y2) = (along(0), along(4), along(8));
    let down = |k: usize| products(y0[k], y1[k], y2[k]);
    Gram { ll: down(0), lh: down(1), hh: down(2) }
}
