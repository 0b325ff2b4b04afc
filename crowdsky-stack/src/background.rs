//! Sky level and noise of a frame, per colour, on a mesh.

use crate::mosaic::Mosaic;
use crate::statistics::{median, median_and_spread, sky_mode};
use crowdsky_core::Band;

/// The sky of one frame: level (ADU) in cells of [`SkyMesh::CELL`] photosites, per colour, and the noise of one photosite.
#[derive(Debug, Clone)]
pub struct SkyMesh {
    columns: usize,
    rows: usize,
    width: usize,
    height: usize,
    /// Cells to a photosite, across and down.
    per_photosite: [f64; 2],
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
        let (columns, rows) = Self::cells((width, height));
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
        Self::of_levels((width, height), levels, photosite_noise(mosaic))
    }

    /// Cells across and down a frame of `size` columns and rows: equal ones that fill it exactly. 1080 / 64 gives 17 of 63.5, so
    /// no thin last cell is noisy.
    pub(crate) fn cells(size: (usize, usize)) -> (usize, usize) {
        let cells = |side: usize| ((side as f64 / Self::CELL as f64).round() as usize).max(1);
        (cells(size.0), cells(size.1))
    }

    /// The sky of a frame of `size` from the levels of its cells, by band, and the noise of its photosites.
    pub(crate) fn of_levels(size: (usize, usize), levels: [Vec<f32>; 3], noise: [f32; 3]) -> SkyMesh {
        let (width, height) = size;
        let (columns, rows) = Self::cells(size);
        let middle = |l: &Vec<f32>| {
            let mut l: Vec<f64> = l.iter().map(|&v| f64::from(v)).collect();
            median(&mut l).unwrap_or(0.0) as f32
        };
        let median = [middle(&levels[0]), middle(&levels[1]), middle(&levels[2])];
        let smooth = [0, 1, 2].map(|b| median_3x3(&levels[b], columns, rows));
        let per_photosite = [columns as f64 / width as f64, rows as f64 / height as f64];
        SkyMesh { columns, rows, width, height, per_photosite, levels, smooth, noise, median }
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

    /// Unsmoothed levels of all cells, by band, row by row.
    pub(crate) fn levels(&self) -> &[Vec<f32>; 3] {
        &self.levels
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
        let (i, fx) = place(x, self.columns, self.per_photosite[0]);
        let (j, fy) = place(y, self.rows, self.per_photosite[1]);
        let m = &self.smooth[band.index()];
        let row = |j: usize| {
            let a = m[j * self.columns + i];
            let b = m[j * self.columns + (i + 1).min(self.columns - 1)];
            a + (b - a) * fx
        };
        let (a, b) = (row(j), row((j + 1).min(self.rows - 1)));
        a + (b - a) * fy
    }
}

/// The cell whose centre lies before photosite `x`, and how far beyond it, in cells.
#[inline]
fn place(x: f64, cells: usize, per_photosite: f64) -> (usize, f32) {
    let u = ((x + 0.5) * per_photosite - 0.5).clamp(0.0, (cells - 1) as f64);
    // Not below 0: to cut off is to round down.
    let i = u as usize;
    (i, (u - i as f64) as f32)
}

/// Noise of one photosite by band, ADU, from the differences of neighbours of one colour.
///
/// Not from the spread of levels: in a Milky Way field half of that is faint stars, which clouds dim and noise does not. Stars
/// widen some of the differences too. Their median alone would be 0.8 % too high with 700 stars in a frame; where 30 % and
/// 60 % of the differences lie tells how many those are, and what the rest has.
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
        let quantile = |share: f64| {
            let wanted = share * counts.iter().map(|&n| f64::from(n)).sum::<f64>();
            let (mut below, mut at) = (0.0, 0usize);
            while at < LARGEST && below + f64::from(counts[at]) < wanted {
                below += f64::from(counts[at]);
                at += 1;
            }
            // Whole numbers: the quantile lies within its tie, and 0 stands for 0 to 1/2 only.
            let (start, width) = if at == 0 { (0.0, 0.5) } else { (at as f64 - 0.5, 1.0) };
            start + width * (wanted - below) / f64::from(counts[at]).max(1.0)
        };
        (clean_spread(quantile(0.3), quantile(0.6)) * std::f64::consts::FRAC_1_SQRT_2).max(0.3) as f32
    })
}

/// Spread of a Gaussian of which 30 and 60 % of the sizes lie below `low` and `high`, when a share of others, all larger, is
/// among them. At most a tenth of them: more is no longer a few stars on a sky.
fn clean_spread(low: f64, high: f64) -> f64 {
    // With a share f of others the quantiles are those of 0.3 / (1 - f) and 0.6 / (1 - f) of the Gaussian's sizes.
    let ratio = |f: f64| size_quantile(0.6 / (1.0 - f)) / size_quantile(0.3 / (1.0 - f));
    let (mut few, mut many) = (0.0, 0.1);
    for _ in 0..30 {
        let middle = 0.5 * (few + many);
        if ratio(middle) < high / low.max(1e-6) { few = middle } else { many = middle }
    }
    low / size_quantile(0.3 / (1.0 - few))
}

/// The size that a share `p` of a unit Gaussian's sizes lies below: the inverse of `erf(x / sqrt 2)`, by Newton's method on
/// its series (Abramowitz & Stegun 7.1.6). For p up to 0.9.
fn size_quantile(p: f64) -> f64 {
    let density = |x: f64| (2.0 / std::f64::consts::PI).sqrt() * (-0.5 * x * x).exp();
    let share = |x: f64| {
        let (mut term, mut sum) = (x, x);
        for n in 1..40 {
            term *= x * x / f64::from(2 * n + 1);
            sum += term;
        }
        density(x) * sum
    };
    let mut x = p;
    for _ in 0..20 {
        x -= (share(x) - p) / density(x);
    }
    x
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
    fn stars_among_the_differences_do_not_widen_the_noise() {
        assert!((size_quantile(0.5) - 0.674_49).abs() < 1e-5 && (size_quantile(0.9) - 1.644_85).abs() < 1e-4);
        for others in [0.0, 0.02, 0.08] {
            let low = 20.0 * size_quantile(0.3 / (1.0 - others));
            let high = 20.0 * size_quantile(0.6 / (1.0 - others));
            let found = clean_spread(low, high);
            assert!((found - 20.0).abs() < 0.01, "{others}: {found}");
        }
        // No others, and a pair of quantiles that noise made a little too close.
        assert!((clean_spread(20.0 * size_quantile(0.3), 19.8 * size_quantile(0.6)) - 20.0).abs() < 0.3);
    }

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
