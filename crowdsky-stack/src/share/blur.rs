//! A separable Gaussian on rows of a strip; beyond the picture there is nothing.

use std::ops::Range;

/// Columns in one go: the sums of that many stay in registers, and rows are padded to a multiple of it.
pub(super) const BLOCK: usize = 32;

/// The kernel's middle and one half: it is symmetric.
pub(crate) struct Blur {
    half: Vec<f32>,
}

impl Blur {
    pub(crate) fn new(sigma: f32) -> Blur {
        let radius = (3.2 * sigma).ceil() as i32;
        let mut half: Vec<f32> =
            (0..=radius).map(|i| (-0.5 * (i * i) as f32 / (sigma * sigma)).exp()).collect();
        let total = 2.0 * half.iter().sum::<f32>() - half[0];
        half.iter_mut().for_each(|k| *k /= total);
        Blur { half }
    }

    pub(crate) fn radius(&self) -> usize {
        self.half.len() - 1
    }

    /// Rows `rows` of `image * kernel` into the same rows of `out`; rows have `stride` columns, a multiple of [`BLOCK`].
    /// `line` is working memory.
    pub(crate) fn run(
        &self,
        image: &[f32],
        stride: usize,
        rows: Range<usize>,
        line: &mut Vec<f32>,
        out: &mut [f32],
    ) {
        let radius = self.radius();
        line.clear();
        line.resize(stride + 2 * radius, 0.0);
        for y in rows {
            kernel::down(&self.half, image, stride, y, &mut line[radius..radius + stride]);
            kernel::across(&self.half, line, &mut out[y * stride..(y + 1) * stride]);
        }
    }
}

/// `columns` and what they have to be padded with.
pub(crate) fn stride(columns: usize) -> usize {
    columns.next_multiple_of(BLOCK)
}

#[allow(unsafe_code)] // The macro's call of a function compiled for more, behind its run-time check.
mod kernel {
    use super::BLOCK;

    /// `sums += factor * (a + b)`, for the block that each begins with.
    #[inline(always)]
    fn add(sums: &mut [f32; BLOCK], a: &[f32], b: &[f32], factor: f32) {
        let (a, b) = (&a[..BLOCK], &b[..BLOCK]);
        for i in 0..BLOCK {
            sums[i] += factor * (a[i] + b[i]);
        }
    }

    #[inline(always)]
    fn begin(a: &[f32], factor: f32) -> [f32; BLOCK] {
        let a = &a[..BLOCK];
        std::array::from_fn(|i| factor * a[i])
    }

    /// Row `y` of the image blurred from top to bottom.
    #[multiversion::multiversion(targets("x86_64+avx2+avx512f+avx512vl+avx512dq", "x86_64+avx2"))]
    pub(super) fn down(half: &[f32], image: &[f32], stride: usize, y: usize, out: &mut [f32]) {
        let rows = image.len() / stride;
        let nothing = [0.0; BLOCK];
        for (block, out) in out.chunks_exact_mut(BLOCK).enumerate() {
            let at = y * stride + block * BLOCK;
            let mut sums = begin(&image[at..], half[0]);
            for (i, &k) in half.iter().enumerate().skip(1) {
                let above = if i <= y { &image[at - i * stride..] } else { &nothing[..] };
                let below = if y + i < rows { &image[at + i * stride..] } else { &nothing[..] };
                add(&mut sums, above, below, k);
            }
            out.copy_from_slice(&sums);
        }
    }

    /// A line, with as many columns more on both sides as the kernel reaches, blurred from left to right.
    #[multiversion::multiversion(targets("x86_64+avx2+avx512f+avx512vl+avx512dq", "x86_64+avx2"))]
    pub(super) fn across(half: &[f32], line: &[f32], out: &mut [f32]) {
        let radius = half.len() - 1;
        for (block, out) in out.chunks_exact_mut(BLOCK).enumerate() {
            let at = radius + block * BLOCK;
            let mut sums = begin(&line[at..], half[0]);
            for (i, &k) in half.iter().enumerate().skip(1) {
                add(&mut sums, &line[at - i..], &line[at + i..], k);
            }
            out.copy_from_slice(&sums);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_point_becomes_a_gaussian_that_ends_at_the_rim() {
        let (stride, rows) = (2 * BLOCK, 40);
        let mut image = vec![0.0; stride * rows];
        let (x0, y0) = (35usize, 4usize);
        image[y0 * stride + x0] = 1000.0;
        let mut out = vec![f32::NAN; image.len()];
        Blur::new(2.0).run(&image, stride, 0..30, &mut Vec::new(), &mut out);
        for y in 0..30usize {
            for x in 0..stride {
                let square = (x as f64 - x0 as f64).powi(2) + (y as f64 - y0 as f64).powi(2);
                let near = x.abs_diff(x0) <= 7 && y.abs_diff(y0) <= 7;
                let want =
                    if near { 1000.0 / (8.0 * std::f64::consts::PI) * (-square / 8.0).exp() } else { 0.0 };
                let got = f64::from(out[y * stride + x]);
                assert!((got - want).abs() < 0.05, "({x}, {y}): {got}, not {want}");
            }
        }
        assert!(out[30 * stride].is_nan(), "only the rows asked for");
    }
}
