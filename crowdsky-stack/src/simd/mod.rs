//! Eight floats at a time: one small set of operations, written for plain Rust, for AVX2 and for AVX-512.
//!
//! A kernel is written once, generic over [`Lanes`], and compiled for each; [`dispatch`] takes the best that the processor
//! has. Every operation is one IEEE operation per lane, and there is no fused multiply-add, so all give the same bits; the
//! tests hold them against each other.
#![allow(unsafe_code)] // Vector instructions, behind the check that the processor has them.

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
mod portable;

#[cfg(target_arch = "x86_64")]
pub(crate) use avx2::Avx2;
#[cfg(target_arch = "x86_64")]
pub(crate) use avx512::Avx512;
pub(crate) use portable::{Portable, add_sample};

/// Lanes of a vector.
pub(crate) const LANES: usize = 8;

/// Sums of one cell, see `combine::lsq::moments`.
pub(crate) type Cell = [f32; 16];

/// Operations on eight lanes.
///
/// Values of the types behind it are made only where the processor has the instructions, see [`dispatch`].
pub(crate) trait Lanes: Sized {
    /// Eight floats.
    type F: Copy;
    /// Eight 32-bit integers.
    type I: Copy;

    fn splat(v: f32) -> Self::F;
    fn load(v: &[f32; LANES]) -> Self::F;
    fn store(v: Self::F) -> [f32; LANES];
    fn add(a: Self::F, b: Self::F) -> Self::F;
    fn sub(a: Self::F, b: Self::F) -> Self::F;
    fn mul(a: Self::F, b: Self::F) -> Self::F;
    /// `b` where either is NaN.
    fn min(a: Self::F, b: Self::F) -> Self::F;
    /// `b` where either is NaN.
    fn max(a: Self::F, b: Self::F) -> Self::F;
    /// Bit i: `a <= b` in lane i.
    fn le(a: Self::F, b: Self::F) -> u32;
    /// Bit i: `a < b` in lane i.
    fn lt(a: Self::F, b: Self::F) -> u32;
    /// `v` where the bit is set, 0 elsewhere.
    fn keep(v: Self::F, bits: u32) -> Self::F;

    /// Whole part of floats between -2^31 and 2^31, clamped to 0..=`high`.
    fn index(v: Self::F, high: i32) -> Self::I;
    fn to_float(v: Self::I) -> Self::F;
    fn store_index(v: Self::I) -> [i32; LANES];
    /// `row * stride + column`.
    fn at(row: Self::I, column: Self::I, stride: i32) -> Self::I;
    /// Bit i: lane i is `first + 2 i`.
    fn every_second(v: Self::I, first: i32) -> u32;
    /// The even and the odd ones of 16 floats.
    fn pairs(v: &[f32; 2 * LANES]) -> [Self::F; 2];
    /// Every second of 16 photosites: the even ones, or the odd.
    fn photosites(row: &[u16; 2 * LANES], odd: bool) -> Self::F;

    /// Fetches the line of the cache that `row[at]` lies in, for later; nothing happens where there is none.
    fn prefetch(row: &[u16], at: usize);

    /// `values[index]`.
    ///
    /// # Safety
    /// Every index lies within `values`.
    unsafe fn gather(values: &[f32], index: Self::I) -> Self::F;

    /// Adds the samples of the lanes in `bits`, all of weight `w`, to `cells[at]`, from the lowest lane to the highest.
    fn add_moments(cells: &mut [Cell], at: Self::I, samples: &Samples<Self>, w: f32, bits: u32);
}

/// What [`Lanes::add_moments`] adds: place in the cell, weighted residual, and that times the residual.
pub(crate) struct Samples<L: Lanes> {
    pub(crate) gx: L::F,
    pub(crate) gy: L::F,
    pub(crate) wr: L::F,
    pub(crate) wrr: L::F,
}

/// A kernel that can be compiled for any lanes. `run` has to be `#[inline(always)]`, else it is not compiled for them.
pub(crate) trait Kernel {
    type Output;
    fn run<L: Lanes>(self) -> Self::Output;
}

/// What a processor can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Level {
    Portable,
    #[cfg(target_arch = "x86_64")]
    Avx2,
    #[cfg(target_arch = "x86_64")]
    Avx512,
}

impl Level {
    /// The best of this processor.
    pub(crate) fn best() -> Level {
        #[cfg(target_arch = "x86_64")]
        {
            // AVX-512 frequency dips of the first processors that had it are long gone with 16-lane adds only.
            if std::arch::is_x86_feature_detected!("avx512f")
                && std::arch::is_x86_feature_detected!("avx512vl")
                && std::arch::is_x86_feature_detected!("avx512dq")
                && std::arch::is_x86_feature_detected!("avx2")
            {
                return Level::Avx512;
            }
            if std::arch::is_x86_feature_detected!("avx2") {
                return Level::Avx2;
            }
        }
        Level::Portable
    }
}

/// Runs `kernel` compiled for `level`, which must not be above [`Level::best`].
pub(crate) fn dispatch<K: Kernel>(level: Level, kernel: K) -> K::Output {
    match level {
        Level::Portable => kernel.run::<Portable>(),
        #[cfg(target_arch = "x86_64")]
        Level::Avx2 => {
            #[target_feature(enable = "avx2")]
            fn run<K: Kernel>(kernel: K) -> K::Output {
                kernel.run::<Avx2>()
            }
            // SAFETY: levels come from `Level::best`, which has asked the processor.
            unsafe { run(kernel) }
        }
        #[cfg(target_arch = "x86_64")]
        Level::Avx512 => {
            #[target_feature(enable = "avx2,avx512f,avx512vl,avx512dq")]
            fn run<K: Kernel>(kernel: K) -> K::Output {
                kernel.run::<Avx512>()
            }
            // SAFETY: as above.
            unsafe { run(kernel) }
        }
    }
}

#[cfg(test)]
mod tests;
