//! Into which pieces the output is cut where the frames do not fit into memory.

use crate::transform::Transform;
use std::ops::Range;

/// A rectangle of the output.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Block {
    pub(crate) columns: Range<usize>,
    pub(crate) rows: Range<usize>,
    /// Where its last column and row of tiles end: at the output's rim beyond the block.
    end: (usize, usize),
}

/// What tiles look at beyond their own pixels: three rows of halo, two half-resolution nodes, a Bayer cell.
const MARGIN: f64 = 10.0;
/// Columns of a frame begin at multiples of this.
const GROUP: usize = 16;

impl Block {
    /// `columns` and `rows`, which begin between tiles.
    pub(crate) fn new(columns: Range<usize>, rows: Range<usize>, tile: (usize, usize)) -> Block {
        let end = (columns.end.next_multiple_of(tile.0), rows.end.next_multiple_of(tile.1));
        Block { columns, rows, end }
    }

    /// Columns and rows of a frame (`size` = columns, rows) from which the block takes samples; empty ranges if none.
    pub(crate) fn needs(&self, to_frame: &Transform, size: (usize, usize)) -> (Range<usize>, Range<usize>) {
        let (left, right) = (self.columns.start as f64 - MARGIN, self.end.0 as f64 + MARGIN);
        let (top, bottom) = (self.rows.start as f64 - MARGIN, self.end.1 as f64 + MARGIN);
        let corners =
            [(left, top), (right, top), (left, bottom), (right, bottom)].map(|(x, y)| to_frame.apply(x, y));
        let range = |get: fn(&(f64, f64)) -> f64, side: usize| {
            let values = corners.iter().map(get);
            let (low, high) =
                values.fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), v| (l.min(v), h.max(v)));
            let side = side as f64;
            (low.floor().clamp(0.0, side) as usize)..(high.ceil().clamp(0.0, side) as usize)
        };
        let (columns, rows) = (range(|p| p.0, size.0), range(|p| p.1, size.1));
        // Photosites are looked at in groups that begin at such columns.
        let columns = columns.start / GROUP * GROUP..columns.end;
        if columns.is_empty() || rows.is_empty() { (0..0, 0..0) } else { (columns, rows) }
    }
}

/// Photosites that the smallest block, one tile, may need of a frame in the worst case: turned by 45 degrees.
pub(crate) fn smallest(tile: (usize, usize)) -> u64 {
    let side = ((tile.0 + tile.1) as f64 + 4.0 * MARGIN) * std::f64::consts::FRAC_1_SQRT_2;
    ((side + 3.0) * (side + (3 + GROUP) as f64)).ceil() as u64
}

/// Cuts an output of `size` into blocks of whole tiles so that what a block needs of all frames together is at most `most`
/// photosites (or what one tile needs, if that is more), and as few rows as possible are read twice.
///
/// Rows are read whole, so low, wide blocks are best for frames that are little turned, square ones for those that are much.
pub(crate) fn cut(
    size: (usize, usize),
    tile: (usize, usize),
    to_frames: &[Transform],
    most: u64,
) -> Vec<Block> {
    let tiles = (size.0.div_ceil(tile.0).max(1), size.1.div_ceil(tile.1).max(1));
    let mut best: Option<(u64, (usize, usize))> = None;
    for across in 1..=tiles.0 {
        let columns = tiles.0.div_ceil(across) * tile.0;
        // The tallest block of this width that is small enough; taller ones need more.
        let fits = |down: usize| needed(size, (columns, down * tile.1), to_frames).0 <= most;
        let (mut low, mut high) = (1, tiles.1);
        while low < high {
            let middle = (low + high).div_ceil(2);
            if fits(middle) { low = middle } else { high = middle - 1 }
        }
        if !fits(low) && across < tiles.0 {
            continue;
        }
        let rows = low * tile.1;
        let blocks = (size.0.div_ceil(columns) * size.1.div_ceil(rows)) as u64;
        let read = blocks.saturating_mul(needed(size, (columns, rows), to_frames).1);
        if best.is_none_or(|(least, _)| read < least) {
            best = Some((read, (columns, rows)));
        }
    }
    let (columns, rows) = best.map_or(tile, |(_, block)| block);
    let pieces = |side: usize, step: usize| (0..side).step_by(step).map(move |a| a..(a + step).min(side));
    pieces(size.1, rows)
        .flat_map(|rows| pieces(size.0, columns).map(move |columns| Block::new(columns, rows.clone(), tile)))
        .collect()
}

/// Photosites that a block needs of all frames of `size`, and rows, wherever it lies.
fn needed(size: (usize, usize), block: (usize, usize), to_frames: &[Transform]) -> (u64, u64) {
    let (width, height) = (block.0 as f64 + 2.0 * MARGIN, block.1 as f64 + 2.0 * MARGIN);
    to_frames.iter().fold((0, 0), |(photosites, all_rows), t| {
        let span = |row: [f64; 3], more: usize, side: usize| {
            // One more at either end, for the fractions.
            ((row[0].abs() * width + row[1].abs() * height).ceil() as u64 + 2 + more as u64).min(side as u64)
        };
        let (columns, rows) = (span(t.rows[0], GROUP - 1, size.0), span(t.rows[1], 0, size.1));
        (photosites + columns * rows, all_rows + rows)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn blocks_tile_the_output_and_need_what_is_allowed(
            angle in -3.2..3.2f64, dx in -300.0..300.0f64, dy in -300.0..300.0f64,
            width in 100usize..1200, height in 100usize..1200, share in 0.02..1.0f64,
        ) {
            let (size, tile) = ((width, height), (128, 24));
            let frames = [Transform::IDENTITY, Transform::rigid(angle, dx, dy)];
            let most = smallest(tile).max((share * (width * height) as f64) as u64) * 2;
            let blocks = cut(size, tile, &frames, most);
            let mut seen = vec![0u8; width * height];
            for block in &blocks {
                prop_assert!(block.columns.start % tile.0 == 0 && block.rows.start % tile.1 == 0);
                for y in block.rows.clone() {
                    seen[y * width + block.columns.start..y * width + block.columns.end].iter_mut().for_each(|n| *n += 1);
                }
                let held: usize = frames.iter().map(|t| block.needs(t, size)).map(|(c, r)| c.len() * r.len()).sum();
                prop_assert!(held as u64 <= most, "{block:?} needs {held} of {most}");
            }
            prop_assert!(seen.iter().all(|&n| n == 1));
        }
    }

    #[test]
    fn little_turned_frames_are_cut_into_bands_and_much_turned_ones_into_squares() {
        let size = (1080, 1920);
        let shape = |degrees: f64| {
            let frames = vec![Transform::rigid(degrees.to_radians(), 500.0, 0.0); 10];
            let first = &cut(size, (96, 96), &frames, 10 * 400_000)[0];
            (first.columns.len(), first.rows.len())
        };
        let (band, turned) = (shape(1.0), shape(45.0));
        assert_eq!(band.0, 1080, "{band:?}");
        assert!(turned.0 < 600 && turned.1 > 200, "{turned:?}");
    }

    #[test]
    fn what_fits_is_one_block() {
        let whole = vec![Block::new(0..500, 0..400, (128, 8))];
        assert_eq!(cut((500, 400), (128, 8), &[Transform::IDENTITY; 3], 3 * 500 * 400), whole);
    }

    #[test]
    fn a_frame_elsewhere_is_not_needed() {
        let block = Block::new(0..128, 0..60, (128, 64));
        assert_eq!(block.needs(&Transform::rigid(0.0, 0.0, 5000.0), (1000, 1000)), (0..0, 0..0));
        assert_eq!(block.needs(&Transform::IDENTITY, (1000, 1000)), (0..138, 0..74));
    }
}
