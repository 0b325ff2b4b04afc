//! What is remembered of a cell's samples, and the normal equations that follow.
//!
//! A sample at (x, y) of a cell sees the bilinear spline `m = sum of hat functions`: of the four nodes around it, with the
//! weights (l, h) = (1/2 - g, 1/2 + g) along each axis, g = fraction - 1/2. All products of two such weights are sums of
//! products of 1, gx, gx² and 1, gy, gy², so nine sums a cell hold its whole part of the Gram matrix, and four the right side:
//!
//! `[w, w gx, w gx², w r², w gy, w gx gy, w gx² gy, 1, w gy², w gx gy², w gx² gy², 0, w r, w r gx, w r gy, w r gx gy]`
//!
//! with the weight w and the residual r of the sample from the start. The fourth and eighth sum, of the first sweep's samples,
//! tell how far they scatter about the solution (`scatter`).

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
        kernel::assemble(self, cells);
    }
}

/// The moments of a row of cells, one array for each: what vectors are made of.
pub(super) struct CellRow {
    pub(super) moments: [[f32; SIDE]; 16],
}

impl CellRow {
    pub(super) fn new() -> CellRow {
        CellRow { moments: [[0.0; SIDE]; 16] }
    }

    /// Takes row `j`.
    #[inline(always)]
    pub(super) fn fill(&mut self, cells: &[Cell], j: usize) {
        for (i, cell) in cells[j * SIDE..(j + 1) * SIDE].iter().enumerate() {
            for (moment, &value) in self.moments.iter_mut().zip(cell) {
                moment[i] = value;
            }
        }
    }

    /// One cell of it.
    #[inline(always)]
    pub(super) fn cell(&self, i: usize) -> Cell {
        std::array::from_fn(|k| self.moments[k][i])
    }
}

#[allow(unsafe_code)] // The macro's call of a function compiled for more, behind its run-time check.
mod kernel {
    use super::{Cell, CellRow, Equations, SIDE, gram, right_side};

    /// What a row of cells gives to the row of nodes above it and to the one below: by node on the left and on the right.
    type Parts = [[f32; SIDE]; 2];

    /// Adds to nodes what the cell on their right and the one on their left have for them.
    #[inline(always)]
    fn add(nodes: &mut [f32], parts: &Parts) {
        nodes[0] += parts[0][0];
        for i in 1..SIDE {
            nodes[i] += parts[1][i - 1] + parts[0][i];
        }
    }

    #[multiversion::multiversion(targets("x86_64+avx2+avx512f+avx512vl+avx512dq", "x86_64+avx2"))]
    pub(super) fn assemble(equations: &mut Equations, cells: &[Cell]) {
        let Equations { diagonal, east, south, south_east, south_west, right } = equations;
        for plane in
            [&mut *diagonal, &mut *east, &mut *south, &mut *south_east, &mut *south_west, &mut *right]
        {
            plane.fill(0.0);
        }
        let mut row = CellRow::new();
        let none: Parts = [[0.0; SIDE]; 2];
        let [mut upper, mut lower, mut down, mut right_up, mut right_down] = [none; 5];
        let [mut across_up, mut across_down, mut diagonal_down] = [[0.0; SIDE]; 3];
        for j in 0..SIDE - 1 {
            row.fill(cells, j);
            // The last column has no cell on its right: its moments are 0, for no sample reaches it.
            for i in 0..SIDE {
                let cell = row.cell(i);
                let g = gram(&cell);
                (upper[0][i], upper[1][i]) = (g.ll[0], g.hh[0]);
                (lower[0][i], lower[1][i]) = (g.ll[2], g.hh[2]);
                (down[0][i], down[1][i]) = (g.ll[1], g.hh[1]);
                (across_up[i], across_down[i], diagonal_down[i]) = (g.lh[0], g.lh[2], g.lh[1]);
                let [r00, r10, r01, r11] = right_side(&cell);
                (right_up[0][i], right_up[1][i], right_down[0][i], right_down[1][i]) = (r00, r10, r01, r11);
            }
            let (this, next) = (j * SIDE..(j + 1) * SIDE, (j + 1) * SIDE..(j + 2) * SIDE);
            add(&mut diagonal[this.clone()], &upper);
            add(&mut diagonal[next.clone()], &lower);
            add(&mut south[this.clone()], &down);
            add(&mut right[this.clone()], &right_up);
            add(&mut right[next.clone()], &right_down);
            let sum =
                |to: &mut [f32], part: &[f32]| to.iter_mut().zip(part).for_each(|(to, part)| *to += part);
            sum(&mut east[this.clone()], &across_up);
            sum(&mut east[next], &across_down);
            south_east[this.clone()].copy_from_slice(&diagonal_down);
            south_west[this][1..].copy_from_slice(&diagonal_down[..SIDE - 1]);
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

/// The cell's part of the right side: of its upper left, upper right, lower left and lower right node.
#[inline(always)]
pub(super) fn right_side(cell: &Cell) -> [f32; 4] {
    let (r, rx, ry, rxy) = (0.25 * cell[12], 0.5 * cell[13], 0.5 * cell[14], cell[15]);
    [r - rx - ry + rxy, r + rx - ry - rxy, r - rx + ry - rxy, r + rx + ry + rxy]
}
