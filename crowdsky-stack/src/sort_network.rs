//! Sorting many short columns at once: the same exchanges for every pixel, so that they run side by side.

/// Columns sorted together: 32 floats are four AVX or eight SSE registers, and 64 rows of them 8 kB, a quarter of L1.
pub(crate) const LANES: usize = 32;

/// The exchanges of Batcher's odd-even merge sort for `n` rows (Knuth, TAOCP 3, 5.2.2 M): 543 for 64, 415 for 60.
pub(crate) fn exchanges(n: usize) -> Vec<(u16, u16)> {
    let mut out = Vec::new();
    let mut p = 1;
    while p < n {
        let mut k = p;
        while k >= 1 {
            let mut j = k % p;
            while j + k < n {
                for i in 0..k.min(n - j - k) {
                    if (i + j) / (2 * p) == (i + j + k) / (2 * p) {
                        out.push(((i + j) as u16, (i + j + k) as u16));
                    }
                }
                j += 2 * k;
            }
            k /= 2;
        }
        p *= 2;
    }
    out
}

#[allow(unsafe_code)] // The macro's call of a function compiled for AVX2, behind its run-time check.
mod kernel {
    use super::LANES;

    /// Sorts each of the 32 columns of `rows`, smallest in row 0. Rows must hold no NaN; infinities go to the end.
    #[multiversion::multiversion(targets("x86_64+avx2"))]
    pub(crate) fn sort_columns(rows: &mut [[f32; LANES]], exchanges: &[(u16, u16)]) {
        for &(low, high) in exchanges {
            let (a, b) = (rows[low as usize], rows[high as usize]);
            for i in 0..LANES {
                // A comparison, not f32::min: without NaN it is one instruction.
                rows[low as usize][i] = if b[i] < a[i] { b[i] } else { a[i] };
                rows[high as usize][i] = if b[i] < a[i] { a[i] } else { b[i] };
            }
        }
    }
}
pub(crate) use kernel::sort_columns;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_length_up_to_64_is_sorted() {
        assert_eq!(exchanges(64).len(), 543);
        let mut random = crate::matching::tests::random(5);
        for n in 1..=64 {
            let network = exchanges(n);
            let mut rows: Vec<[f32; LANES]> = (0..n)
                .map(|_| {
                    std::array::from_fn(|_| if random() < 0.1 { f32::INFINITY } else { random() as f32 })
                })
                .collect();
            let mut want: Vec<Vec<f32>> = (0..LANES).map(|c| rows.iter().map(|r| r[c]).collect()).collect();
            sort_columns(&mut rows, &network);
            for (c, w) in want.iter_mut().enumerate() {
                w.sort_by(f32::total_cmp);
                let got: Vec<f32> = rows.iter().map(|r| r[c]).collect();
                assert_eq!(&got, w, "{n} rows");
            }
        }
    }
}
