//! Sky level and noise of a frame, per colour, on a mesh.

use crate::mosaic::Mosaic;
use crate::statistics::{MAD_TO_SIGMA, median, median_and_spread, sky_mode};
use crowdsky_core::Band;

/// The sky of one frame: level (ADU) in cells of [`SkyMesh::CELL`] photosites, per colour, and the noise of one photosite.
#[derive(Debug, Clone)]
pub struct SkyMesh {
    columns: usize,
    rows: usize,
    width: usize,
    height: usize,
    /// Level of each cell, by band, row by row.
    levels: [Vec<f32>; 3],
    /// The same after a 3 x 3 median: what detection subtracts.
    smooth: [Vec<f32>; 3],
    noise: [f32; 3],
    median: [f32; 3],
}

impl SkyMesh {
    /// Side of a cell in photosites. 64 is 25 star widths: a star cannot lift the mode of a cell, a nebula can.
    pub const CELL: usize = 64;

    /// Measures the sky of `mosaic`: about 300 samples a cell and colour, mode after clipping.
    #[must_use]
    pub fn measure(mosaic: &Mosaic) -> SkyMesh {
        let (width, height) = (mosaic.width(), mosaic.height());
        // Equal cells that fill the frame exactly: 1080 / 64 gives 17 of 63.5, so no thin last cell is noisy.
        let columns = ((width as f64 / Self::CELL as f64).round() as usize).max(1);
        let rows = ((height as f64 / Self::CELL as f64).round() as usize).max(1);
        let mut levels: [Vec<f32>; 3] = Default::default();
        let mut samples = Vec::with_capacity(1024);
        for j in 0..rows {
            let ys = j * height / rows..(j + 1) * height / rows;
            for i in 0..columns {
                let xs = i * width / columns..(i + 1) * width / columns;
                for band in Band::ALL {
                    gather(mosaic, band, xs.clone(), ys.clone(), &mut samples);
                    let (level, _) = sky_mode(&mut samples).unwrap_or((0.0, 0.5));
                    levels[band.index()].push(level);
                }
            }
        }
        let noise = photosite_noise(mosaic);
        let middle = |l: &Vec<f32>| {
            let mut l: Vec<f64> = l.iter().map(|&v| f64::from(v)).collect();
            median(&mut l).unwrap_or(0.0) as f32
        };
        let median = [middle(&levels[0]), middle(&levels[1]), middle(&levels[2])];
        let smooth = [0, 1, 2].map(|b| median_3x3(&levels[b], columns, rows));
        SkyMesh { columns, rows, width, height, levels, smooth, noise, median }
    }

    /// Noise of one photosite on blank sky, ADU, by band.
    #[must_use]
    pub fn noise(&self) -> [f32; 3] {
        self.noise
    }

    /// Median sky level, ADU, by band.
    #[must_use]
    pub fn median(&self) -> [f32; 3] {
        self.median
    }

    /// Cells across and down.
    #[must_use]
    pub fn shape(&self) -> (usize, usize) {
        (self.columns, self.rows)
    }

    /// Unsmoothed level of cell (`i`, `j`).
    pub(crate) fn cell(&self, band: Band, i: usize, j: usize) -> f32 {
        self.levels[band.index()][j * self.columns + i]
    }

    /// Centre of cell (`i`, `j`) in pixels.
    pub(crate) fn cell_centre(&self, i: usize, j: usize) -> (f64, f64) {
        let centre =
            |i: usize, n: usize, side: usize| 0.5 * ((i * side / n) + ((i + 1) * side / n)) as f64 - 0.5;
        (centre(i, self.columns, self.width), centre(j, self.rows, self.height))
    }

    /// Smoothed level at a pixel, bilinear between cell centres, constant beyond the outermost ones.
    #[must_use]
    pub fn level(&self, band: Band, x: f64, y: f64) -> f32 {
        let (i, fx) = self.place(x, self.columns, self.width);
        let (j, fy) = self.place(y, self.rows, self.height);
        let m = &self.smooth[band.index()];
        let row = |j: usize| {
            let a = m[j * self.columns + i];
            let b = m[j * self.columns + (i + 1).min(self.columns - 1)];
            a + (b - a) * fx
        };
        let (a, b) = (row(j), row((j + 1).min(self.rows - 1)));
        a + (b - a) * fy
    }

    fn place(&self, x: f64, cells: usize, side: usize) -> (usize, f32) {
        let u = ((x + 0.5) * cells as f64 / side as f64 - 0.5).clamp(0.0, (cells - 1) as f64);
        let i = u.floor();
        (i as usize, (u - i) as f32)
    }
}

/// Noise of one photosite by band, ADU: the median difference of neighbours of one colour, `1.4826 / sqrt 2` of it.
///
/// Not the spread of levels: in a Milky Way field half of that is faint stars, which clouds dim and noise does not.
fn photosite_noise(mosaic: &Mosaic) -> [f32; 3] {
    /// Differences beyond belong to stars.
    const LARGEST: usize = 4096;
    let mut counts = [[0u32; LARGEST + 1]; 3];
    // Every 5th row: both parities, 200,000 pairs a colour in a frame of 2 Mpx.
    for y in (0..mosaic.height()).step_by(5) {
        let row = mosaic.row(y);
        let bands = [mosaic.pattern().band(0, y).index(), mosaic.pattern().band(1, y).index()];
        for (pair, next) in row.chunks_exact(2).zip(row[2..].chunks_exact(2)) {
            for side in 0..2 {
                counts[bands[side]][usize::from(pair[side].abs_diff(next[side])).min(LARGEST)] += 1;
            }
        }
    }
    counts.map(|counts| {
        let half = 0.5 * counts.iter().map(|&n| f64::from(n)).sum::<f64>();
        let (mut below, mut at) = (0.0, 0usize);
        while at < LARGEST && below + f64::from(counts[at]) < half {
            below += f64::from(counts[at]);
            at += 1;
        }
        // Whole numbers: the median lies within its tie, and 0 stands for 0 to 1/2 only.
        let (start, width) = if at == 0 { (0.0, 0.5) } else { (at as f64 - 0.5, 1.0) };
        let median = start + width * (half - below) / f64::from(counts[at]).max(1.0);
        (MAD_TO_SIGMA * median * std::f64::consts::FRAC_1_SQRT_2).max(0.3) as f32
    })
}

/// About 300 samples of one colour, spread evenly over the cell.
fn gather(
    mosaic: &Mosaic,
    band: Band,
    xs: std::ops::Range<usize>,
    ys: std::ops::Range<usize>,
    out: &mut Vec<u16>,
) {
    out.clear();
    // Red and blue: every second site of their rows. Green: rows 3 apart, so that both kinds of green row take part.
    let y_step = if band == Band::Green { 3 } else { 4 };
    let first_row = match band {
        Band::Green => ys.start,
        _ => (ys.start..ys.start + 2)
            .find(|&y| (0..2).any(|x| mosaic.pattern().band(x, y) == band))
            .unwrap_or(ys.start),
    };
    for y in (first_row..ys.end).step_by(y_step) {
        let row = mosaic.row(y);
        let start = xs.start + usize::from(mosaic.pattern().band(xs.start, y) != band);
        out.extend(row[start.min(xs.end)..xs.end].iter().step_by(4));
    }
}

/// Median and spread of each square cell (`side` px) of a finished plane of `width` columns, row by row, from every second
/// pixel of every second row; `None` where a cell is mostly rim, without data.
pub(crate) fn plane_cells(plane: &[f32], width: usize, side: usize) -> Vec<Option<(f64, f64)>> {
    let height = plane.len() / width;
    let mut cells = Vec::with_capacity(width.div_ceil(side) * height.div_ceil(side));
    let mut values: Vec<f64> = Vec::new();
    for top in (0..height).step_by(side) {
        for left in (0..width).step_by(side) {
            values.clear();
            for y in (top..(top + side).min(height)).step_by(2) {
                let row = &plane[y * width + left..y * width + (left + side).min(width)];
                values.extend(row.iter().step_by(2).filter(|v| v.is_finite()).map(|&v| f64::from(v)));
            }
            cells.push(if values.len() >= side { median_and_spread(&mut values) } else { None });
        }
    }
    cells
}

/// The median of 3 x 3 cells; at a rim only along it, so that a slope is not bent.
pub(crate) fn median_3x3(values: &[f32], columns: usize, rows: usize) -> Vec<f32> {
    let mut out = Vec::with_capacity(values.len());
    let mut near = Vec::with_capacity(9);
    let window = |i: usize, n: usize| if i == 0 || i + 1 == n { i..i + 1 } else { i - 1..i + 2 };
    for j in 0..rows {
        for i in 0..columns {
            near.clear();
            for y in window(j, rows) {
                near.extend(window(i, columns).map(|x| f64::from(values[y * columns + x])));
            }
            out.push(median(&mut near).unwrap_or(0.0) as f32);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crowdsky_core::BayerPattern;

    #[test]
    fn a_sloping_coloured_sky_is_found_again() {
        let (w, h, p) = (200, 320, BayerPattern::Rggb);
        let truth = |x: usize, y: usize| match p.band(x, y) {
            Band::Red => 500.0 + 0.2 * x as f64,
            Band::Green => 800.0 + 0.1 * y as f64,
            Band::Blue => 300.0,
        };
        let pixels = (0..w * h)
            .map(|i| {
                let noise = ((i as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 33) % 21;
                (truth(i % w, i / w) + noise as f64 - 10.0).round() as u16
            })
            .collect();
        let mesh = SkyMesh::measure(&Mosaic::new(w, h, p, pixels).expect("shape"));
        for band in Band::ALL {
            for (x, y) in [(60.0, 60.0), (100.0, 160.0), (140.0, 250.0)] {
                let want = match band {
                    Band::Red => 500.0 + 0.2 * x,
                    Band::Green => 800.0 + 0.1 * y,
                    Band::Blue => 300.0,
                };
                let got = f64::from(mesh.level(band, x, y));
                assert!((got - want).abs() < 3.0, "{band:?} at {x},{y}: {got}, not {want}");
            }
            assert!((4.0..11.0).contains(&mesh.noise()[band.index()]), "{:?}", mesh.noise());
        }
    }
}
