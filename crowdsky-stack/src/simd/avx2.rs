//! The operations as AVX2 instructions.

use super::{Cell, LANES, Lanes, Samples};
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
    fn every_second(v: __m256i, first: i32) -> u32 {
        unsafe {
            let steps = _mm256_setr_epi32(0, 2, 4, 6, 8, 10, 12, 14);
            let wanted = _mm256_add_epi32(_mm256_set1_epi32(first), steps);
            _mm256_movemask_ps(_mm256_castsi256_ps(_mm256_cmpeq_epi32(v, wanted))) as u32
        }
    }
    #[inline(always)]
    fn pairs(v: &[f32; 2 * LANES]) -> [__m256; 2] {
        unsafe {
            let (a, b) = (_mm256_loadu_ps(v.as_ptr()), _mm256_loadu_ps(v.as_ptr().add(LANES)));
            // 0 1 2 3 8 9 10 11 and 4 5 6 7 12 13 14 15, so that the shuffle within halves leaves them in order.
            let (p, q) = (_mm256_permute2f128_ps::<0x20>(a, b), _mm256_permute2f128_ps::<0x31>(a, b));
            let (even, odd) =
                (_mm256_shuffle_ps::<0b10_00_10_00>(p, q), _mm256_shuffle_ps::<0b11_01_11_01>(p, q));
            [even, odd]
        }
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
    fn prefetch(row: &[u16], at: usize) {
        // No address is a fault here, so it need not lie within the row.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(row.as_ptr().wrapping_add(at).cast()) }
    }
    #[inline(always)]
    unsafe fn gather(values: &[f32], index: __m256i) -> __m256 {
        // SAFETY: every index lies within `values`, by the caller's promise.
        unsafe { _mm256_i32gather_ps::<4>(values.as_ptr(), index) }
    }
    #[inline(always)]
    fn add_moments(cells: &mut [Cell], at: __m256i, samples: &Samples<Self>, w: f32, bits: u32) {
        unsafe {
            let rows = by_sample(samples.gx, samples.gy, samples.wr, samples.wrr, w);
            let at = Self::store_index(at);
            let first = _mm256_setr_ps(w, w, w, 1.0, 0.0, 0.0, 0.0, 1.0);
            let one = _mm256_set1_ps(1.0);
            let ends = _mm256_setr_ps(1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0);
            let zero = _mm256_setzero_ps();
            let mut rest = bits;
            while rest != 0 {
                let i = rest.trailing_zeros() as usize;
                rest &= rest - 1;
                let v = rows[i];
                let pick = |a, b, c, d, e, f, g, h| {
                    _mm256_permutevar8x32_ps(v, _mm256_setr_epi32(a, b, c, d, e, f, g, h))
                };
                // 1 gx gx² wrr 1 gx gx² 1 times w w w 1 wg wg wg 1; 1 gx gx² 0 1 gx gy gxgy times wgg wgg wgg 0 wr wr wr wr.
                let low = _mm256_mul_ps(
                    _mm256_blend_ps::<0b1001_0001>(pick(0, 0, 2, 7, 0, 0, 2, 0), one),
                    _mm256_blend_ps::<0b1000_1111>(pick(4, 4, 4, 4, 4, 4, 4, 4), first),
                );
                let high = _mm256_mul_ps(
                    _mm256_blend_ps::<0b0001_1001>(pick(0, 0, 2, 0, 0, 0, 1, 3), ends),
                    _mm256_blend_ps::<0b0000_1000>(pick(5, 5, 5, 5, 6, 6, 6, 6), zero),
                );
                let cell = cells[at[i] as usize].as_mut_ptr();
                _mm256_storeu_ps(cell, _mm256_add_ps(_mm256_loadu_ps(cell), low));
                let cell = cell.add(8);
                _mm256_storeu_ps(cell, _mm256_add_ps(_mm256_loadu_ps(cell), high));
            }
        }
    }
}

/// gx, gy, gx², gx gy, w gy, w gy², w r, w r² of each sample: eight lanes of eight numbers, turned over.
///
/// # Safety
/// The processor has AVX2.
#[inline(always)]
pub(super) unsafe fn by_sample(gx: __m256, gy: __m256, wr: __m256, wrr: __m256, w: f32) -> [__m256; LANES] {
    // SAFETY: the caller's promise.
    unsafe {
        let wg = _mm256_mul_ps(_mm256_set1_ps(w), gy);
        let wgg = _mm256_mul_ps(wg, gy);
        let (gxx, gxy) = (_mm256_mul_ps(gx, gx), _mm256_mul_ps(gx, gy));
        // Pairs, then fours, then halves change places.
        let (a, b) = (_mm256_unpacklo_ps(gx, gy), _mm256_unpackhi_ps(gx, gy));
        let (c, d) = (_mm256_unpacklo_ps(gxx, gxy), _mm256_unpackhi_ps(gxx, gxy));
        let (e, f) = (_mm256_unpacklo_ps(wg, wgg), _mm256_unpackhi_ps(wg, wgg));
        let (g, h) = (_mm256_unpacklo_ps(wr, wrr), _mm256_unpackhi_ps(wr, wrr));
        let four = |p: __m256, q: __m256| {
            (_mm256_shuffle_ps::<0b01_00_01_00>(p, q), _mm256_shuffle_ps::<0b11_10_11_10>(p, q))
        };
        let ((a0, a1), (b0, b1)) = (four(a, c), four(b, d));
        let ((e0, e1), (f0, f1)) = (four(e, g), four(f, h));
        [
            _mm256_permute2f128_ps::<0x20>(a0, e0),
            _mm256_permute2f128_ps::<0x20>(a1, e1),
            _mm256_permute2f128_ps::<0x20>(b0, f0),
            _mm256_permute2f128_ps::<0x20>(b1, f1),
            _mm256_permute2f128_ps::<0x31>(a0, e0),
            _mm256_permute2f128_ps::<0x31>(a1, e1),
            _mm256_permute2f128_ps::<0x31>(b0, f0),
            _mm256_permute2f128_ps::<0x31>(b1, f1),
        ]
    }
}
