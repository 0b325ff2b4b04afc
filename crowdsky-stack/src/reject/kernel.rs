//! The loops over samples, compiled for AVX2 as well and chosen at run time.
#![allow(unsafe_code)] // The macro's call of a function compiled for AVX2, behind its run-time check.

use super::{IS_HIGH, IS_WEAK, LANES, MISSING, REJECTED, WEAK};

/// One instruction, where `f32::max` with its rule for NaN is four.
#[inline(always)]
fn larger(a: f32, b: f32) -> f32 {
    if a > b { a } else { b }
}

/// Copies samples into a row for sorting, NaN as infinity, and counts the others.
#[multiversion::multiversion(targets("x86_64+avx2"))]
pub(super) fn load_row(samples: &[f32], row: &mut [f32; LANES], count: &mut [u32; LANES]) {
    row.fill(f32::INFINITY);
    for ((r, &s), c) in row.iter_mut().zip(samples).zip(count.iter_mut()) {
        let there = s.is_finite();
        *r = if there { s } else { f32::INFINITY };
        *c += u32::from(there);
    }
}

/// What a tile's pixels are expected to be.
#[derive(Clone, Copy)]
pub(super) struct Expected<'a> {
    /// Robust centre, by band.
    pub(super) centre: [&'a [f32]; 3],
    /// One over the spread, by band.
    pub(super) inverse: [&'a [f32]; 3],
    /// 1 where there is only sky, else 0.
    pub(super) flat: &'a [f32],
}

/// Flags one frame's samples and writes the sum of their deviations; true if any is rejected.
#[multiversion::multiversion(targets("x86_64+avx2"))]
pub(super) fn flag_samples(
    expected: Expected<'_>,
    values: [&[f32]; 3],
    relative: [f32; 3],
    sigma: f32,
    flags: &mut [u8],
    sum: &mut [f32],
) -> bool {
    // Three independent deviations of spread 1 add up to one of spread sqrt 3. On a star they are not independent (the
    // seeing changes all colours alike) and their mean is all that may be asked.
    const NOISE: f32 = 0.577_350_26;
    const STAR: f32 = 1.0 / 3.0;
    let (n, Expected { centre, inverse, flat }) = (flags.len(), expected);
    let [v0, v1, v2] = [&values[0][..n], &values[1][..n], &values[2][..n]];
    let [c0, c1, c2] = [&centre[0][..n], &centre[1][..n], &centre[2][..n]];
    let [q0, q1, q2] = [&inverse[0][..n], &inverse[1][..n], &inverse[2][..n]];
    let (sum, flat) = (&mut sum[..n], &flat[..n]);
    let mut any = 0u8;
    for i in 0..n {
        let z0 = (v0[i] - c0[i]) * q0[i] * relative[0];
        let z1 = (v1[i] - c1[i]) * q1[i] * relative[1];
        let z2 = (v2[i] - c2[i]) * q2[i] * relative[2];
        let together = (z0 + z1 + z2) * if flat[i] > 0.0 { NOISE } else { STAR };
        let largest = larger(larger(z0.abs(), z1.abs()), larger(z2.abs(), together.abs()));
        let missing = together.is_nan();
        sum[i] = if missing { 0.0 } else { together };
        let rejected = u8::from(largest > sigma && !missing);
        any |= rejected;
        flags[i] = (rejected * REJECTED)
            | (u8::from(largest > WEAK && !missing) * IS_WEAK)
            | (u8::from(together > 2.0) * IS_HIGH)
            | (u8::from(missing) * MISSING);
    }
    any != 0
}
