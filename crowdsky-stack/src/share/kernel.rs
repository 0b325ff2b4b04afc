//! The formulas of colour sharing, over rows of pixels.
#![allow(unsafe_code)] // The macro's call of functions compiled for more, behind its run-time check.

use super::{MAX_RATIO, PRIOR, REST};

/// What is known around each pixel of one band.
pub(super) struct Model<'a> {
    pub(super) detail: &'a [f32],
    pub(super) noise: &'a [f32],
    pub(super) common: &'a [f32],
    pub(super) common_noise: &'a [f32],
    /// Share of the window that has data.
    pub(super) weight: &'a [f32],
    /// Sum over the window: of detail times common for [`ratio`], of squares of the rest for [`join`].
    pub(super) window: &'a [f32],
}

impl<'a> Model<'a> {
    /// The same, of `n` pixels each, so that loops need no checks.
    #[inline(always)]
    fn first(&self, n: usize) -> Model<'a> {
        Model {
            detail: &self.detail[..n],
            noise: &self.noise[..n],
            common: &self.common[..n],
            common_noise: &self.common_noise[..n],
            weight: &self.weight[..n],
            window: &self.window[..n],
        }
    }
}

/// Smallest share of a window: the corner of a picture has a quarter, a lone pixel 0.02.
const LEAST: f32 = 1e-6;

/// Clears `mask` where `values` are not finite and above `least`.
#[multiversion::multiversion(targets("x86_64+avx2+avx512f+avx512vl+avx512dq", "x86_64+avx2"))]
pub(super) fn look(mask: &mut [f32], values: &[f32], least: f32) {
    let values = &values[..mask.len()];
    for (m, &v) in mask.iter_mut().zip(values) {
        *m = if v > least && v <= f32::MAX { *m } else { 0.0 };
    }
}

/// `values` times a factor; where the mask is 0 the second number of `factor_else`.
#[multiversion::multiversion(targets("x86_64+avx2+avx512f+avx512vl+avx512dq", "x86_64+avx2"))]
pub(super) fn take(out: &mut [f32], values: &[f32], mask: &[f32], factor_else: (f32, f32)) {
    let n = out.len();
    let (values, mask) = (&values[..n], &mask[..n]);
    for i in 0..n {
        let v = factor_else.0 * values[i];
        out[i] = if mask[i] > 0.0 { v } else { factor_else.1 };
    }
}

/// The blurred picture over the blurred mask, and what the picture has beyond it.
#[multiversion::multiversion(targets("x86_64+avx2+avx512f+avx512vl+avx512dq", "x86_64+avx2"))]
pub(super) fn split(low: &mut [f32], detail: &mut [f32], weight: &[f32], mask: &[f32]) {
    let n = low.len();
    let (detail, weight, mask) = (&mut detail[..n], &weight[..n], &mask[..n]);
    for i in 0..n {
        let l = low[i] / weight[i].max(LEAST);
        low[i] = l;
        detail[i] = mask[i] * (detail[i] - l);
    }
}

/// The common picture by weights of inverse variance, its variance and its square.
#[multiversion::multiversion(targets("x86_64+avx2+avx512f+avx512vl+avx512dq", "x86_64+avx2"))]
pub(super) fn common(
    detail: [&[f32]; 3],
    noise: [&[f32]; 3],
    common: &mut [f32],
    common_noise: &mut [f32],
    square: &mut [f32],
) {
    let n = common.len();
    let ([d0, d1, d2], [s0, s1, s2]) = (detail.map(|v| &v[..n]), noise.map(|v| &v[..n]));
    let (common_noise, square) = (&mut common_noise[..n], &mut square[..n]);
    for i in 0..n {
        let (u0, u1, u2) = (1.0 / s0[i], 1.0 / s1[i], 1.0 / s2[i]);
        let variance = 1.0 / (u0 + u1 + u2);
        let c = variance * (u0 * d0[i] + u1 * d1[i] + u2 * d2[i]);
        (common[i], common_noise[i], square[i]) = (c, variance, c * c);
    }
}

#[multiversion::multiversion(targets("x86_64+avx2+avx512f+avx512vl+avx512dq", "x86_64+avx2"))]
pub(super) fn multiply(a: &[f32], b: &[f32], out: &mut [f32]) {
    let n = out.len();
    let (a, b) = (&a[..n], &b[..n]);
    for i in 0..n {
        out[i] = a[i] * b[i];
    }
}

/// The band's detail as a multiple of the common one, around each pixel, and the square of what it has beyond that.
#[multiversion::multiversion(targets("x86_64+avx2+avx512f+avx512vl+avx512dq", "x86_64+avx2"))]
pub(super) fn ratio(model: &Model<'_>, power: &[f32], ratio: &mut [f32], rest: &mut [f32]) {
    let n = ratio.len();
    let (m, power, rest) = (model.first(n), &power[..n], &mut rest[..n]);
    for i in 0..n {
        let share = 1.0 / m.weight[i].max(LEAST);
        let prior = PRIOR * m.noise[i];
        let both = m.window[i] * share - m.common_noise[i] + prior;
        let alone = (power[i] * share - m.common_noise[i] + prior).max(0.3 * prior);
        let r = (both / alone).clamp(1.0 / MAX_RATIO, MAX_RATIO);
        let e = m.detail[i] - r * m.common[i];
        (ratio[i], rest[i]) = (r, e * e);
    }
}

/// Low part, common detail, and the band's own as far as it stands above its noise, where the mask is not 0.
#[multiversion::multiversion(targets("x86_64+avx2+avx512f+avx512vl+avx512dq", "x86_64+avx2"))]
pub(super) fn join(model: &Model<'_>, ratio: &[f32], low: &[f32], mask: &[f32], out: &mut [f32]) {
    let n = out.len();
    let m = model.first(n);
    let (ratio, low, mask) = (&ratio[..n], &low[..n], &mask[..n]);
    for i in 0..n {
        let (r, q) = (ratio[i], m.common_noise[i]);
        // The band's weight in the common picture is q / noise.
        let expected = (m.noise[i] - 2.0 * r * q + r * r * q).max(0.0);
        let found = (m.window[i] / m.weight[i].max(LEAST)).max(1e-12);
        let noise = (REST * expected / found).powi(2);
        // Steeper than the 1 - noise of a Wiener filter: where a band's own star can be seen at all, it stays nearly whole.
        let keep = (1.0 - noise * noise).max(0.0);
        let shared = r * m.common[i];
        let v = low[i] + shared + keep * (m.detail[i] - shared);
        out[i] = if mask[i] > 0.0 { v } else { out[i] };
    }
}
