//! The operations in plain Rust: what every processor has, and what the others are held against.

use super::{Cell, LANES, Lanes, Samples};

/// Plain Rust.
pub(crate) struct Portable;

#[inline(always)]
fn each<T>(f: impl Fn(usize) -> T) -> [T; LANES] {
    std::array::from_fn(f)
}

#[inline(always)]
fn bits(f: impl Fn(usize) -> bool) -> u32 {
    (0..LANES).fold(0, |m, i| m | u32::from(f(i)) << i)
}

impl Lanes for Portable {
    type F = [f32; LANES];
    type I = [i32; LANES];

    #[inline(always)]
    fn splat(v: f32) -> Self::F {
        [v; LANES]
    }
    #[inline(always)]
    fn load(v: &[f32; LANES]) -> Self::F {
        *v
    }
    #[inline(always)]
    fn store(v: Self::F) -> [f32; LANES] {
        v
    }
    #[inline(always)]
    fn add(a: Self::F, b: Self::F) -> Self::F {
        each(|i| a[i] + b[i])
    }
    #[inline(always)]
    fn sub(a: Self::F, b: Self::F) -> Self::F {
        each(|i| a[i] - b[i])
    }
    #[inline(always)]
    fn mul(a: Self::F, b: Self::F) -> Self::F {
        each(|i| a[i] * b[i])
    }
    #[inline(always)]
    fn min(a: Self::F, b: Self::F) -> Self::F {
        each(|i| if a[i] < b[i] { a[i] } else { b[i] })
    }
    #[inline(always)]
    fn max(a: Self::F, b: Self::F) -> Self::F {
        each(|i| if a[i] > b[i] { a[i] } else { b[i] })
    }
    #[inline(always)]
    fn le(a: Self::F, b: Self::F) -> u32 {
        bits(|i| a[i] <= b[i])
    }
    #[inline(always)]
    fn lt(a: Self::F, b: Self::F) -> u32 {
        bits(|i| a[i] < b[i])
    }
    #[inline(always)]
    fn keep(v: Self::F, bits: u32) -> Self::F {
        each(|i| if bits >> i & 1 == 1 { v[i] } else { 0.0 })
    }
    #[inline(always)]
    fn index(v: Self::F, high: i32) -> Self::I {
        each(|i| (v[i] as i32).min(high).max(0))
    }
    #[inline(always)]
    fn to_float(v: Self::I) -> Self::F {
        each(|i| v[i] as f32)
    }
    #[inline(always)]
    fn store_index(v: Self::I) -> [i32; LANES] {
        v
    }
    #[inline(always)]
    fn at(row: Self::I, column: Self::I, stride: i32) -> Self::I {
        each(|i| row[i] * stride + column[i])
    }
    #[inline(always)]
    fn every_second(v: Self::I, first: i32) -> u32 {
        bits(|i| v[i] == first + 2 * i as i32)
    }
    #[inline(always)]
    fn pairs(v: &[f32; 2 * LANES]) -> [Self::F; 2] {
        [each(|i| v[2 * i]), each(|i| v[2 * i + 1])]
    }
    #[inline(always)]
    fn photosites(row: &[u16; 2 * LANES], odd: bool) -> Self::F {
        each(|i| f32::from(row[2 * i + usize::from(odd)]))
    }
    #[inline(always)]
    fn prefetch(_: &[u16], _: usize) {}
    #[inline(always)]
    unsafe fn gather(values: &[f32], index: Self::I) -> Self::F {
        // SAFETY: the caller's promise.
        each(|i| unsafe { *values.get_unchecked(index[i] as usize) })
    }
    #[inline(always)]
    fn add_moments(cells: &mut [Cell], at: Self::I, samples: &Samples<Self>, w: f32, bits: u32) {
        for i in (0..LANES).filter(|i| bits >> i & 1 == 1) {
            let (gx, gy) = (samples.gx[i], samples.gy[i]);
            add_sample(&mut cells[at[i] as usize], gx, gy, w, samples.wr[i], samples.wrr[i]);
        }
    }
}

/// Adds one sample to a cell: see `combine::lsq::moments`.
#[inline(always)]
pub(crate) fn add_sample(cell: &mut Cell, gx: f32, gy: f32, w: f32, wr: f32, wrr: f32) {
    let x = [1.0, gx, gx * gx];
    let wg = w * gy;
    let wgg = wg * gy;
    for k in 0..3 {
        cell[k] += x[k] * w;
        cell[4 + k] += x[k] * wg;
        cell[8 + k] += x[k] * wgg;
    }
    cell[3] += wrr;
    cell[7] += 1.0;
    cell[12] += wr;
    cell[13] += gx * wr;
    cell[14] += gy * wr;
    cell[15] += (gx * gy) * wr;
}
