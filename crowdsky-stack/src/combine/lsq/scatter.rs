//! How far samples may lie from the first solution: as far as they are seen to scatter about it.
//!
//! Where a star is steep its samples scatter more than the sky's noise: the seeing changes from frame to frame. The first sweep
//! allows for the model's whole range; for the second the sums of the cells tell the scatter itself, so that a cosmic ray in
//! the core of a bright star stands out from the core's own scatter.

use super::moments::{gram, right_side};
use super::tile::{SIDE, Tile};

/// If more than this share of the samples of a place was rejected, it is the start that was wrong there, or the sky changes:
/// a variable star, an asteroid.
const AGREED: f32 = 0.25;
/// Samples that such a vote needs.
const MIN_VOTES: f32 = 12.0;

/// Lowers each cell's allowance to `factor` squared times the scatter beyond the noise of a sample of mean weight (`unit`,
/// ADU²), over 3 x 3 cells; lifts it altogether where the frames agree against the model.
pub(super) fn allow_for_scatter(tile: &mut Tile, unit: f32, factor: f32) {
    let Tile { cells, delta, rejects, scratch: [squares, counts], allowance, .. } = tile;
    for j in 0..SIDE - 1 {
        for i in 0..SIDE - 1 {
            let o = j * SIDE + i;
            let cell = &cells[o];
            let d = [delta[o], delta[o + 1], delta[o + SIDE], delta[o + SIDE + 1]];
            let g = gram(cell);
            let b = right_side(cell);
            // sum w (r - h d)² = sum w r² - 2 d b + d G d.
            let image = [
                g.ll[0] * d[0] + g.lh[0] * d[1] + g.ll[1] * d[2] + g.lh[1] * d[3],
                g.lh[0] * d[0] + g.hh[0] * d[1] + g.lh[1] * d[2] + g.hh[1] * d[3],
                g.ll[1] * d[0] + g.lh[1] * d[1] + g.ll[2] * d[2] + g.lh[2] * d[3],
                g.lh[1] * d[0] + g.hh[1] * d[1] + g.lh[2] * d[2] + g.hh[2] * d[3],
            ];
            let moved: f32 = (0..4).map(|k| d[k] * (image[k] - 2.0 * b[k])).sum();
            squares[o] = (cell[3] + moved).max(0.0);
            counts[o] = cell[7];
        }
    }
    for j in 1..SIDE - 2 {
        for i in 1..SIDE - 2 {
            let (mut square, mut count, mut weight, mut lost) = (0.0f32, 0.0f32, 0.0f32, 0.0f32);
            for row in [j - 1, j, j + 1] {
                for o in row * SIDE + i - 1..=row * SIDE + i + 1 {
                    square += squares[o];
                    count += counts[o];
                    weight += cells[o][0];
                    lost += f32::from(rejects[o]);
                }
            }
            let o = j * SIDE + i;
            if lost > AGREED * (count + lost) && count + lost >= MIN_VOTES {
                allowance[o] = f32::INFINITY;
            } else if count > 18.0 {
                // Nine nodes were fitted to these samples.
                let excess = (square * count / (count - 9.0) - unit * count) / weight;
                let measured = factor * factor * excess.max(0.0);
                if measured < allowance[o] {
                    allowance[o] = measured;
                }
            }
        }
    }
}
