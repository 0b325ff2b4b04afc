//! AVX-512: as AVX2, with masks in registers of their own and a cell added in one piece.

use super::avx2::by_sample;
use super::{Avx2, Cell, LANES, Lanes, Samples};
use std::arch::x86_64::*;

/// AVX-512 (F, VL, DQ). Reached through `dispatch` only, like [`Avx2`].
pub(crate) struct Avx512;

impl Lanes for Avx512 {
    type F = __m256;
    type I = __m256i;

    #[inline(always)]
    fn splat(v: f32) -> __m256 {
        Avx2::splat(v)
    }
    #[inline(always)]
    fn load(v: &[f32; LANES]) -> __m256 {
        Avx2::load(v)
    }
    #[inline(always)]
    fn store(v: __m256) -> [f32; LANES] {
        Avx2::store(v)
    }
    #[inline(always)]
    fn add(a: __m256, b: __m256) -> __m256 {
        Avx2::add(a, b)
    }
    #[inline(always)]
    fn sub(a: __m256, b: __m256) -> __m256 {
        Avx2::sub(a, b)
    }
    #[inline(always)]
    fn mul(a: __m256, b: __m256) -> __m256 {
        Avx2::mul(a, b)
    }
    #[inline(always)]
    fn min(a: __m256, b: __m256) -> __m256 {
        Avx2::min(a, b)
    }
    #[inline(always)]
    fn max(a: __m256, b: __m256) -> __m256 {
        Avx2::max(a, b)
    }
    #[inline(always)]
    fn le(a: __m256, b: __m256) -> u32 {
        unsafe { u32::from(_mm256_cmp_ps_mask::<_CMP_LE_OQ>(a, b)) }
    }
    #[inline(always)]
    fn lt(a: __m256, b: __m256) -> u32 {
        unsafe { u32::from(_mm256_cmp_ps_mask::<_CMP_LT_OQ>(a, b)) }
    }
    #[inline(always)]
    fn keep(v: __m256, bits: u32) -> __m256 {
        unsafe { _mm256_maskz_mov_ps(bits as u8, v) }
    }
    #[inline(always)]
    fn index(v: __m256, high: i32) -> __m256i {
        Avx2::index(v, high)
    }
    #[inline(always)]
    fn to_float(v: __m256i) -> __m256 {
        Avx2::to_float(v)
    }
    #[inline(always)]
    fn store_index(v: __m256i) -> [i32; LANES] {
        Avx2::store_index(v)
    }
    #[inline(always)]
    fn at(row: __m256i, column: __m256i, stride: i32) -> __m256i {
        Avx2::at(row, column, stride)
    }
    #[inline(always)]
    fn every_second(v: __m256i, first: i32) -> u32 {
        Avx2::every_second(v, first)
    }
    #[inline(always)]
    fn pairs(v: &[f32; 2 * LANES]) -> [__m256; 2] {
        Avx2::pairs(v)
    }
    #[inline(always)]
    fn photosites(row: &[u16; 2 * LANES], odd: bool) -> __m256 {
        Avx2::photosites(row, odd)
    }
    #[inline(always)]
    fn prefetch(row: &[u16], at: usize) {
        Avx2::prefetch(row, at);
    }
    #[inline(always)]
    unsafe fn gather(values: &[f32], index: __m256i) -> __m256 {
        // SAFETY: the caller's promise is the same.
        unsafe { Avx2::gather(values, index) }
    }
    #[inline(always)]
    fn add_moments(cells: &mut [Cell], at: __m256i, samples: &Samples<Self>, w: f32, bits: u32) {
        unsafe {
            let rows = by_sample(samples.gx, samples.gy, samples.wr, samples.wrr, w);
            let at = Self::store_index(at);
            // As in AVX2, both halves at once; the masks put the constants in.
            let left = _mm512_setr_epi32(0, 0, 2, 7, 0, 0, 2, 0, 0, 0, 2, 0, 0, 0, 1, 3);
            let right = _mm512_setr_epi32(0, 0, 0, 0, 4, 4, 4, 0, 5, 5, 5, 0, 6, 6, 6, 6);
            let ones = _mm512_set1_ps(1.0);
            let weights =
                _mm512_setr_ps(w, w, w, 1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0);
            let mut rest = bits;
            while rest != 0 {
                let i = rest.trailing_zeros() as usize;
                rest &= rest - 1;
                let v = _mm512_castps256_ps512(rows[i]);
                let x = _mm512_mask_permutexvar_ps(ones, 0b1110_1110_0110_1110, left, v);
                let y = _mm512_mask_permutexvar_ps(weights, 0b1111_0111_0111_0000, right, v);
                let cell = cells[at[i] as usize].as_mut_ptr();
                _mm512_storeu_ps(cell, _mm512_add_ps(_mm512_loadu_ps(cell), _mm512_mul_ps(x, y)));
            }
        }
    }
}
