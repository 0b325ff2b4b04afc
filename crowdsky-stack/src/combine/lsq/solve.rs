//! The picture that explains the samples best: conjugate gradients on the normal equations.

use super::moments::Equations;
use super::tile::{AREA, SIDE};

/// Working memory of the solver.
pub(super) struct Solver {
    residual: Vec<f32>,
    scaled: Vec<f32>,
    direction: Vec<f32>,
    image: Vec<f32>,
}

impl Solver {
    pub(super) fn new() -> Solver {
        let nodes = || vec![0.0; AREA];
        Solver { residual: nodes(), scaled: nodes(), direction: nodes(), image: nodes() }
    }

    /// Improves `x`, the solution of `equations` with `right` as their right side, by conjugate gradients preconditioned with
    /// the diagonal: `steps.0` steps, and up to `steps.1` as long as the squared residuals, each over its diagonal, are above
    /// `enough` together. A node without samples and prior stays as it is.
    pub(super) fn solve(
        &mut self,
        equations: &Equations,
        right: &[f32],
        x: &mut [f32],
        steps: (usize, usize),
        enough: f32,
    ) {
        let Solver { residual, scaled, direction, image } = self;
        kernel::multiply(equations, x, image);
        kernel::begin(right, image, &equations.diagonal, residual, scaled);
        direction.copy_from_slice(scaled);
        let mut along = kernel::dot(residual, scaled);
        for step in 0..steps.1 {
            if along <= 0.0 || (step >= steps.0 && along < enough) {
                return;
            }
            kernel::multiply(equations, direction, image);
            let curvature = kernel::dot(direction, image);
            if curvature <= 0.0 {
                return;
            }
            kernel::advance(along / curvature, direction, image, x, residual);
            if step + 1 == steps.1 {
                return;
            }
            kernel::scale(residual, &equations.diagonal, scaled);
            let next = kernel::dot(residual, scaled);
            kernel::turn(next / along, scaled, direction);
            along = next;
        }
    }
}

#[allow(unsafe_code)] // The macro's call of a function compiled for more, behind its run-time check.
mod kernel {
    use super::{AREA, Equations, SIDE};

    /// `out = matrix p`. The rim of one node stays outside: only its diagonal counts there, and the halo is thrown away.
    #[multiversion::multiversion(targets("x86_64+avx2+avx512f+avx512vl+avx512dq", "x86_64+avx2"))]
    pub(super) fn multiply(m: &Equations, p: &[f32], out: &mut [f32]) {
        const INNER: usize = SIDE - 2;
        let rim = |o: usize| m.diagonal[o] * p[o];
        for i in 0..SIDE {
            out[i] = rim(i);
            out[AREA - SIDE + i] = rim(AREA - SIDE + i);
        }
        for j in 1..SIDE - 1 {
            let b = j * SIDE + 1;
            let (c, e, w) = (&p[b..b + INNER], &p[b + 1..b + 1 + INNER], &p[b - 1..b - 1 + INNER]);
            let (s, n) = (&p[b + SIDE..b + SIDE + INNER], &p[b - SIDE..b - SIDE + INNER]);
            let (se, nw) = (&p[b + SIDE + 1..b + SIDE + 1 + INNER], &p[b - SIDE - 1..b - SIDE - 1 + INNER]);
            let (sw, ne) = (&p[b + SIDE - 1..b + SIDE - 1 + INNER], &p[b - SIDE + 1..b - SIDE + 1 + INNER]);
            let d = &m.diagonal[b..b + INNER];
            let (me, mw) = (&m.east[b..b + INNER], &m.east[b - 1..b - 1 + INNER]);
            let (ms, mn) = (&m.south[b..b + INNER], &m.south[b - SIDE..b - SIDE + INNER]);
            let mse = &m.south_east[b..b + INNER];
            let mnw = &m.south_east[b - SIDE - 1..b - SIDE - 1 + INNER];
            let msw = &m.south_west[b..b + INNER];
            let mne = &m.south_west[b - SIDE + 1..b - SIDE + 1 + INNER];
            let o = &mut out[b..b + INNER];
            for i in 0..INNER {
                o[i] = d[i] * c[i]
                    + me[i] * e[i]
                    + mw[i] * w[i]
                    + ms[i] * s[i]
                    + mn[i] * n[i]
                    + mse[i] * se[i]
                    + mnw[i] * nw[i]
                    + msw[i] * sw[i]
                    + mne[i] * ne[i];
            }
            out[b - 1] = m.diagonal[b - 1] * p[b - 1];
            out[b + INNER] = m.diagonal[b + INNER] * p[b + INNER];
        }
    }

    /// Sixteen sums side by side, then their sum: the same order for every width of vector.
    #[multiversion::multiversion(targets("x86_64+avx2+avx512f+avx512vl+avx512dq", "x86_64+avx2"))]
    pub(super) fn dot(a: &[f32], b: &[f32]) -> f32 {
        let mut sums = [0.0f32; 16];
        let (a, rest_a) = a.as_chunks::<16>();
        let (b, rest_b) = b.as_chunks::<16>();
        for (a, b) in a.iter().zip(b) {
            for k in 0..16 {
                sums[k] += a[k] * b[k];
            }
        }
        for (k, (a, b)) in rest_a.iter().zip(rest_b).enumerate() {
            sums[k] += a * b;
        }
        sums.iter().sum()
    }

    /// Residual and its scaled copy at the start; 0 where the diagonal is 0.
    #[multiversion::multiversion(targets("x86_64+avx2+avx512f+avx512vl+avx512dq", "x86_64+avx2"))]
    pub(super) fn begin(
        right: &[f32],
        image: &[f32],
        diagonal: &[f32],
        residual: &mut [f32],
        scaled: &mut [f32],
    ) {
        let n = residual.len();
        let (right, image, diagonal, scaled) = (&right[..n], &image[..n], &diagonal[..n], &mut scaled[..n]);
        for i in 0..n {
            let r = right[i] - image[i];
            residual[i] = r;
            scaled[i] = if diagonal[i] > 0.0 { r / diagonal[i] } else { 0.0 };
        }
    }

    #[multiversion::multiversion(targets("x86_64+avx2+avx512f+avx512vl+avx512dq", "x86_64+avx2"))]
    pub(super) fn advance(step: f32, direction: &[f32], image: &[f32], x: &mut [f32], residual: &mut [f32]) {
        let n = x.len();
        let (direction, image, residual) = (&direction[..n], &image[..n], &mut residual[..n]);
        for i in 0..n {
            x[i] += step * direction[i];
            residual[i] -= step * image[i];
        }
    }

    #[multiversion::multiversion(targets("x86_64+avx2+avx512f+avx512vl+avx512dq", "x86_64+avx2"))]
    pub(super) fn scale(residual: &[f32], diagonal: &[f32], scaled: &mut [f32]) {
        let n = scaled.len();
        let (residual, diagonal) = (&residual[..n], &diagonal[..n]);
        for i in 0..n {
            scaled[i] = if diagonal[i] > 0.0 { residual[i] / diagonal[i] } else { 0.0 };
        }
    }

    #[multiversion::multiversion(targets("x86_64+avx2+avx512f+avx512vl+avx512dq", "x86_64+avx2"))]
    pub(super) fn turn(share: f32, scaled: &[f32], direction: &mut [f32]) {
        let n = direction.len();
        let scaled = &scaled[..n];
        for i in 0..n {
            direction[i] = scaled[i] + share * direction[i];
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::matching::tests::random;
    use crate::simd::add_sample;

    /// A smooth picture sampled at random places comes back.
    #[test]
    fn samples_of_a_spline_give_back_the_spline() {
        let mut r = random(5);
        let truth: Vec<f32> = (0..AREA)
            .map(|o| {
                let (x, y) = ((o % SIDE) as f32, (o / SIDE) as f32);
                20.0 * (0.3 * x).sin() * (0.2 * y).cos()
            })
            .collect();
        let mut cells = vec![[0.0f32; 16]; AREA];
        for _ in 0..8 * AREA {
            let (x, y) = ((SIDE - 1) as f64 * r() * 0.999_99, (SIDE - 1) as f64 * r() * 0.999_99);
            let (i, j) = (x as usize, y as usize);
            let (fx, fy) = ((x - i as f64) as f32, (y - j as f64) as f32);
            let o = j * SIDE + i;
            let top = truth[o] * (1.0 - fx) + truth[o + 1] * fx;
            let bottom = truth[o + SIDE] * (1.0 - fx) + truth[o + SIDE + 1] * fx;
            let value = top * (1.0 - fy) + bottom * fy;
            let w = 0.5 + r() as f32;
            add_sample(&mut cells[o], fx - 0.5, fy - 0.5, w, w * value, 0.0);
        }
        let mut equations = Equations::new();
        equations.assemble(&cells);
        let mut x = vec![0.0; AREA];
        let right = equations.right.clone();
        Solver::new().solve(&equations, &right, &mut x, (60, 60), 0.0);
        // The rim is solved for by its diagonal alone; that is felt for some nodes.
        for j in 10..SIDE - 10 {
            for i in 10..SIDE - 10 {
                let o = j * SIDE + i;
                assert!((x[o] - truth[o]).abs() < 0.05, "({i}, {j}): {} is not {}", x[o], truth[o]);
            }
        }
    }

    #[test]
    fn a_node_without_samples_stays() {
        let equations = Equations::new();
        let mut x = vec![7.0; AREA];
        Solver::new().solve(&equations, &vec![0.0; AREA], &mut x, (4, 4), 0.0);
        assert!(x.iter().all(|&v| v == 7.0));
    }
}
