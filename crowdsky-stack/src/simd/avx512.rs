//! AVX-512: as AVX2, with masks in registers of their own and a cell added in one piece.

use super::{Avx2, Cell, LANES, Lanes};
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
    fn photosites(row: &[u16; 2 * LANES], odd: bool) -> __m256 {
        Avx2::photosites(row, odd)
    }
    #[inline(always)]
    unsafe fn gather(values: &[f32], index: __m256i) -> __m256 {
        // SAFETY: the caller's promise is the same.
        unsafe { Avx2::gather(values, index) }
    }
    #[inline(always)]
    fn add_moments(cell: &mut Cell, gx: f32, gy: f32, w: f32, wr: f32) {
        unsafe {
            // x: 1, gx, gx² in the first three quarters; 1, gx, 1, gx in the last. The masks put ones where nothing is to be
            // multiplied and zeros into idle lanes, which changes no bit of the others.
            let (g, one) = (_mm512_set1_ps(gx), _mm512_set1_ps(1.0));
            let x = _mm512_mask_mul_ps(
                _mm512_mask_blend_ps(0b1010_0010_0010_0010, one, g),
                0b0000_0100_0100_0100,
                g,
                g,
            );
            let wg = w * gy;
            let y = _mm512_mask_blend_ps(0b0000_0000_1111_0000, _mm512_set1_ps(w), _mm512_set1_ps(wg));
            let y = _mm512_mask_blend_ps(0b0000_1111_0000_0000, y, _mm512_set1_ps(wg * gy));
            let y = _mm512_mask_blend_ps(0b1111_0000_0000_0000, y, _mm512_set1_ps(wr));
            // (gx gy) wr, in this order: gy goes to x's last two lanes first.
            let x = _mm512_mask_mul_ps(x, 0b1100_0000_0000_0000, x, _mm512_set1_ps(gy));
            let product = _mm512_maskz_mul_ps(0b1111_0111_0111_0111, x, y);
            let at = cell.as_mut_ptr();
            _mm512_storeu_ps(at, _mm512_add_ps(_mm512_loadu_ps(at), product));
        }
    }
}
