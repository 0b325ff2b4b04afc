//! The picture on a tile's nodes: from the half-resolution start, its steepness, and the finished pixels.

use super::tile::{AREA, SIDE, Tile};

/// A rectangle of the half-resolution picture in one band.
pub(super) struct Half<'a> {
    pub(super) width: usize,
    /// Numbers of the first column and row.
    pub(super) first: (usize, usize),
    pub(super) values: &'a [f32],
}

/// Node (i, j) of the half-resolution grid lies at output pixel 2 i + 1/2.
pub(super) fn half_place(pixel: f64) -> f64 {
    0.5 * (pixel - 0.5)
}

impl Half<'_> {
    fn rows(&self) -> usize {
        self.values.len() / self.width
    }

    /// Fills the tile's start, bilinearly; beyond the outermost nodes their value. Where the start has no data, `sky`.
    pub(super) fn upsample(&self, tile: &mut Tile, sky: f32) {
        let place = |pixel: i64, first: usize, n: usize| {
            let p = (half_place(pixel as f64) - first as f64).clamp(0.0, (n - 1) as f64);
            let i = (p as usize).min(n.saturating_sub(2));
            (i, (p - i as f64) as f32)
        };
        let columns: [(usize, f32); SIDE] =
            std::array::from_fn(|i| place(tile.origin.0 + i as i64, self.first.0, self.width));
        for j in 0..SIDE {
            let (row, fy) = place(tile.origin.1 + j as i64, self.first.1, self.rows());
            let upper = &self.values[row * self.width..(row + 1) * self.width];
            let below = (row + 1).min(self.rows() - 1);
            let lower = &self.values[below * self.width..(below + 1) * self.width];
            let out = &mut tile.start[j * SIDE..(j + 1) * SIDE];
            for (out, &(i, fx)) in out.iter_mut().zip(&columns) {
                let next = (i + 1).min(self.width - 1);
                let a = upper[i] + (upper[next] - upper[i]) * fx;
                let b = lower[i] + (lower[next] - lower[i]) * fx;
                let value = a + (b - a) * fy;
                *out = if value.is_finite() {
                    value
                } else {
                    // Beside data rather than between: the nearest node that has any.
                    [upper[i], upper[next], lower[i], lower[next]]
                        .into_iter()
                        .find(|v| v.is_finite())
                        .unwrap_or(sky)
                };
            }
        }
    }
}

/// Sets each cell's allowance: the square of `factor` times the range of the model over the 4 x 4 nodes around it.
pub(super) fn allow_for_steepness(tile: &mut Tile, factor: f32) {
    let [low, high] = &mut tile.scratch;
    kernel::range_across(&tile.model, low, high);
    kernel::range_down(low, high, factor * factor, &mut tile.allowance);
}

/// The weight of a pixel's neighbours along each axis in [`flatten`].
///
/// The hat projection lifts structure of 0.25 and 0.4 cycles a pixel by 1.22 and 1.46; this takes it back to within a few
/// per cent. Without it stars come out 0.965 times as wide as they are, and the noise at high frequencies too high.
pub(super) const FLATTEN: f32 = 0.09;

/// `out = [a, 1 - 2 a, a]` along both axes of `image`, on all nodes but the rim.
pub(super) fn flatten(image: &[f32], scratch: &mut [f32], out: &mut [f32]) {
    kernel::filter(image, 1, scratch);
    kernel::filter(scratch, SIDE, out);
}

#[allow(unsafe_code)] // The macro's call of a function compiled for more, behind its run-time check.
mod kernel {
    use super::{AREA, FLATTEN, SIDE};

    #[inline(always)]
    fn lower(a: f32, b: f32) -> f32 {
        if a < b { a } else { b }
    }
    #[inline(always)]
    fn higher(a: f32, b: f32) -> f32 {
        if a > b { a } else { b }
    }

    /// Lowest and highest of nodes i - 1 to i + 2 of each row.
    #[multiversion::multiversion(targets("x86_64+avx2+avx512f+avx512vl+avx512dq", "x86_64+avx2"))]
    pub(super) fn range_across(model: &[f32], low: &mut [f32], high: &mut [f32]) {
        for j in 0..SIDE {
            let r: &[f32] = &model[j * SIDE..(j + 1) * SIDE];
            let (l, h) = (&mut low[j * SIDE..(j + 1) * SIDE], &mut high[j * SIDE..(j + 1) * SIDE]);
            for i in 1..SIDE - 2 {
                l[i] = lower(lower(r[i - 1], r[i]), lower(r[i + 1], r[i + 2]));
                h[i] = higher(higher(r[i - 1], r[i]), higher(r[i + 1], r[i + 2]));
            }
            for v in [l, h] {
                v[0] = v[1];
                v[SIDE - 2] = v[SIDE - 3];
                v[SIDE - 1] = v[SIDE - 3];
            }
        }
    }

    /// The same down the columns; then the square of the range, times `factor`.
    #[multiversion::multiversion(targets("x86_64+avx2+avx512f+avx512vl+avx512dq", "x86_64+avx2"))]
    pub(super) fn range_down(low: &[f32], high: &[f32], factor: f32, out: &mut [f32]) {
        for j in 0..SIDE {
            let rows = [j.max(1) - 1, j, (j + 1).min(SIDE - 1), (j + 2).min(SIDE - 1)];
            let l = rows.map(|r| &low[r * SIDE..(r + 1) * SIDE]);
            let h = rows.map(|r| &high[r * SIDE..(r + 1) * SIDE]);
            let out = &mut out[j * SIDE..(j + 1) * SIDE];
            for i in 0..SIDE {
                let bottom = lower(lower(l[0][i], l[1][i]), lower(l[2][i], l[3][i]));
                let top = higher(higher(h[0][i], h[1][i]), higher(h[2][i], h[3][i]));
                out[i] = factor * ((top - bottom) * (top - bottom));
            }
        }
    }

    /// `[a, 1 - 2 a, a]` with neighbours `step` apart; the first and last `step` nodes stay as they are.
    #[multiversion::multiversion(targets("x86_64+avx2+avx512f+avx512vl+avx512dq", "x86_64+avx2"))]
    pub(super) fn filter(image: &[f32], step: usize, out: &mut [f32]) {
        out[..step].copy_from_slice(&image[..step]);
        out[AREA - step..AREA].copy_from_slice(&image[AREA - step..AREA]);
        let n = AREA - 2 * step;
        let (before, here, after) = (&image[..n], &image[step..step + n], &image[2 * step..2 * step + n]);
        let out = &mut out[step..step + n];
        for i in 0..n {
            out[i] = FLATTEN * (before[i] + after[i]) + (1.0 - 2.0 * FLATTEN) * here[i];
        }
    }
}
