//! The operations as AVX2 instructions.

use super::{Cell, LANES, Lanes};
use std::arch::x86_64::*;

/// AVX2. Its functions may only be reached through `dispatch`, which has asked the processor: that is the proof of every
/// `unsafe` block below, unless another is given.
pub(crate) struct Avx2;

impl Lanes for Avx2 {
    type F = __m256;
    type I = __m256i;

    #[inline(always)]
    fn splat(v: f32) -> __m256 {
        unsafe { _mm256_set1_ps(v) }
    }
    #[inline(always)]
    fn load(v: &[f32; LANES]) -> __m256 {
        unsafe { _mm256_loadu_ps(v.as_ptr()) }
    }
    #[inline(always)]
    fn store(v: __m256) -> [f32; LANES] {
        let mut out = [0.0; LANES];
        unsafe { _mm256_storeu_ps(out.as_mut_ptr(), v) };
        out
    }
    #[inline(always)]
    fn add(a: __m256, b: __m256) -> __m256 {
        unsafe { _mm256_add_ps(a, b) }
    }
    #[inline(always)]
    fn sub(a: __m256, b: __m256) -> __m256 {
        unsafe { _mm256_sub_ps(a, b) }
    }
    #[inline(always)]
    fn mul(a: __m256, b: __m256) -> __m256 {
        unsafe { _mm256_mul_ps(a, b) }
    }
    #[inline(always)]
    fn min(a: __m256, b: __m256) -> __m256 {
        unsafe { _mm256_min_ps(a, b) }
    }
    #[inline(always)]
    fn max(a: __m256, b: __m256) -> __m256 {
        unsafe { _mm256_max_ps(a, b) }
    }
    #[inline(always)]
    fn le(a: __m256, b: __m256) -> u32 {
        unsafe { _mm256_movemask_ps(_mm256_cmp_ps::<_CMP_LE_OQ>(a, b)) as u32 }
    }
    #[inline(always)]
    fn lt(a: __m256, b: __m256) -> u32 {
        unsafe { _mm256_movemask_ps(_mm256_cmp_ps::<_CMP_LT_OQ>(a, b)) as u32 }
    }
    #[inline(always)]
    fn keep(v: __m256, bits: u32) -> __m256 {
        unsafe {
            let lane = _mm256_setr_epi32(1, 2, 4, 8, 16, 32, 64, 128);
            let set = _mm256_cmpeq_epi32(_mm256_and_si256(_mm256_set1_epi32(bits as i32), lane), lane);
            _mm256_and_ps(v, _mm256_castsi256_ps(set))
        }
    }
    #[inline(always)]
    fn index(v: __m256, high: i32) -> __m256i {
        unsafe {
            let whole = _mm256_cvttps_epi32(v);
            _mm256_max_epi32(_mm256_min_epi32(whole, _mm256_set1_epi32(high)), _mm256_setzero_si256())
        }
    }
    #[inline(always)]
    fn to_float(v: __m256i) -> __m256 {
        unsafe { _mm256_cvtepi32_ps(v) }
    }
    #[inline(always)]
    fn store_index(v: __m256i) -> [i32; LANES] {
        let mut out = [0; LANES];
        unsafe { _mm256_storeu_si256(out.as_mut_ptr().cast(), v) };
        out
    }
    #[inline(always)]
    fn at(row: __m256i, column: __m256i, stride: i32) -> __m256i {
        unsafe { _mm256_add_epi32(_mm256_mullo_epi32(row, _mm256_set1_epi32(stride)), column) }
    }
    #[inline(always)]
    fn photosites(row: &[u16; 2 * LANES], odd: bool) -> __m256 {
        unsafe {
            let pairs = _mm256_loadu_si256(row.as_ptr().cast());
            let one = if odd {
                _mm256_srli_epi32::<16>(pairs)
            } else {
                _mm256_and_si256(pairs, _mm256_set1_epi32(0xffff))
            };
            _mm256_cvtepi32_ps(one)
        }
    }
    #[inline(always)]
    unsafe fn gather(values: &[f32], index: __m256i) -> __m256 {
        // SAFETY: every index lies within `values`, by the caller's promise.
        unsafe { _mm256_i32gather_ps::<4>(values.as_ptr(), index) }
    }
    #[inline(always)]
    fn add_moments(cell: &mut Cell, gx: f32, gy: f32, w: f32, wr: f32) {
        unsafe {
            // 1, gx, gx², 0, twice: 0 + gx (0 + gx 1) and so on are exact, as are the zeros of the idle lanes.
            let g = _mm256_set1_ps(gx);
            let c0 = _mm256_setr_ps(1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0);
            let c1 = _mm256_setr_ps(0.0, 1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0);
            let c2 = _mm256_setr_ps(0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0, 0.0);
            let inner = _mm256_add_ps(c1, _mm256_mul_ps(g, c2));
            let x = _mm256_add_ps(c0, _mm256_mul_ps(g, inner));
            let wg = w * gy;
            let first = _mm256_mul_ps(x, _mm256_blend_ps::<0xf0>(_mm256_set1_ps(w), _mm256_set1_ps(wg)));
            let third = _mm_mul_ps(_mm256_castps256_ps128(x), _mm_set1_ps(wg * gy));
            let one = _mm_set1_ps(1.0);
            let p = _mm_blend_ps::<0b1010>(one, _mm256_castps256_ps128(g));
            let q = _mm_blend_ps::<0b1100>(one, _mm_set1_ps(gy));
            let right = _mm_mul_ps(_mm_mul_ps(p, q), _mm_set1_ps(wr));
            let second = _mm256_insertf128_ps::<1>(_mm256_castps128_ps256(third), right);
            let (low, high) = (cell.as_mut_ptr(), cell.as_mut_ptr().add(8));
            _mm256_storeu_ps(low, _mm256_add_ps(_mm256_loadu_ps(low), first));
            _mm256_storeu_ps(high, _mm256_add_ps(_mm256_loadu_ps(high), second));
        }
    }
}
