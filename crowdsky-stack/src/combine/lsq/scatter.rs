//! How far samples may lie from the first solution: as far as they are seen to scatter about it.
//!
//! Where a star is steep its samples scatter more than the sky's noise: the seeing changes from frame to frame. The first sweep
//! allows for the model's whole range; for the second the sums of the cells tell the scatter itself, so that a cosmic ray in
//! the core of a bright star stands out from the core's own scatter.

use super::tile::Tile;

/// If more than this share of the samples of a place was rejected, it is the start that was wrong there, or the sky changes:
/// a variable star, an asteroid.
const AGREED: f32 = 0.25;
/// Samples that such a vote needs.
const MIN_VOTES: f32 = 12.0;

/// Lowers each cell's allowance to `factor` squared times the scatter beyond the noise of a sample of mean weight (`unit`,
/// ADU²), over 3 x 3 cells; lifts it altogether where the frames agree against the model.
pub(super) fn allow_for_scatter(tile: &mut Tile, unit: f32, factor: f32) {
    let Tile { cells, delta, rejects, allowance, .. } = tile;
    kernel::allow(cells, delta, rejects, unit, factor * factor, allowance);
}

#[allow(unsafe_code)] // The macro's call of a function compiled for more, behind its run-time check.
mod kernel {
    use super::{AGREED, MIN_VOTES};
    use crate::combine::lsq::moments::{CellRow, gram, right_side};
    use crate::combine::lsq::tile::SIDE;
    use crate::simd::Cell;

    /// Of a row of cells: squares of residuals, accepted samples, their weight, and rejected samples.
    type Sums = [[f32; SIDE]; 4];

    #[multiversion::multiversion(targets("x86_64+avx2+avx512f+avx512vl+avx512dq", "x86_64+avx2"))]
    pub(super) fn allow(
        cells: &[Cell],
        delta: &[f32],
        rejects: &[u16],
        unit: f32,
        factor: f32,
        allowance: &mut [f32],
    ) {
        let mut row = CellRow::new();
        let mut sums: Sums = [[0.0; SIDE]; 4];
        // Of the last three rows, each over three columns.
        let mut across: [Sums; 3] = [[[0.0; SIDE]; 4]; 3];
        for j in 0..SIDE - 1 {
            row.fill(cells, j);
            scatter(&row, &delta[j * SIDE..(j + 2) * SIDE], &rejects[j * SIDE..(j + 1) * SIDE], &mut sums);
            for (sum, across) in sums.iter().zip(&mut across[j % 3]) {
                for i in 1..SIDE - 2 {
                    across[i] = sum[i - 1] + sum[i] + sum[i + 1];
                }
            }
            if j < 2 {
                continue;
            }
            let [above, here, below] = [j - 2, j - 1, j].map(|j| &across[j % 3]);
            let allowance = &mut allowance[(j - 1) * SIDE..j * SIDE];
            for i in 1..SIDE - 2 {
                let sum = |k: usize| above[k][i] + here[k][i] + below[k][i];
                let (square, count, weight, lost) = (sum(0), sum(1), sum(2), sum(3));
                // Nine nodes were fitted to these samples.
                let excess = (square * count / (count - 9.0) - unit * count) / weight;
                let measured = if excess > 0.0 { factor * excess } else { 0.0 };
                let old = allowance[i];
                let lowered = if count > 18.0 && measured < old { measured } else { old };
                let agreed = lost > AGREED * (count + lost) && count + lost >= MIN_VOTES;
                allowance[i] = if agreed { f32::INFINITY } else { lowered };
            }
        }
    }

    /// `sum w (r - h d)² = sum w r² - 2 d b + d G d` of each cell of a row, and its counts; `delta` has the nodes above and below.
    #[inline(always)]
    fn scatter(row: &CellRow, delta: &[f32], rejects: &[u16], sums: &mut Sums) {
        let (upper, lower) = delta.split_at(SIDE);
        for i in 0..SIDE - 1 {
            let cell = row.cell(i);
            let d = [upper[i], upper[i + 1], lower[i], lower[i + 1]];
            let (g, b) = (gram(&cell), right_side(&cell));
            let image = [
                g.ll[0] * d[0] + g.lh[0] * d[1] + g.ll[1] * d[2] + g.lh[1] * d[3],
                g.lh[0] * d[0] + g.hh[0] * d[1] + g.lh[1] * d[2] + g.hh[1] * d[3],
                g.ll[1] * d[0] + g.lh[1] * d[1] + g.ll[2] * d[2] + g.lh[2] * d[3],
                g.lh[1] * d[0] + g.hh[1] * d[1] + g.lh[2] * d[2] + g.hh[2] * d[3],
            ];
            let mut moved = 0.0;
            for k in 0..4 {
                moved += d[k] * (image[k] - 2.0 * b[k]);
            }
            let square = cell[3] + moved;
            sums[0][i] = if square > 0.0 { square } else { 0.0 };
            sums[1][i] = cell[7];
            sums[2][i] = cell[0];
            sums[3][i] = f32::from(rejects[i]);
        }
    }
}
