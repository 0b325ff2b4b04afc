//! Weighted mean of the samples that were kept.

use crate::reject::{MISSING, REJECTED, Rejector, TileSamples};

/// One band of a tile: `sum w x / sum w` over kept samples; the robust centre where none was kept; NaN where there is none.
pub(super) fn combine(samples: &TileSamples, rejector: &Rejector, band: usize, weights: &[f32]) -> Vec<f32> {
    let area = samples.area();
    let mut sum = vec![0.0f32; area];
    let mut total = vec![0.0f32; area];
    let centre = &rejector.centre[band];
    for (k, &weight) in weights.iter().enumerate() {
        add(
            &mut sum,
            &mut total,
            samples.plane(k, band),
            &rejector.flags[k * area..(k + 1) * area],
            centre,
            weight,
        );
    }
    sum.iter().zip(&total).zip(centre).map(|((s, t), c)| if *t > 0.0 { c + s / t } else { *c }).collect()
}

#[allow(unsafe_code)] // The macro's call of a function compiled for AVX2, behind its run-time check.
mod kernel {
    use super::{MISSING, REJECTED};

    /// Adds the weighted distance from the centre: sums of thousands of skies would lose digits in f32, differences do not.
    #[multiversion::multiversion(targets("x86_64+avx2"))]
    pub(super) fn add(
        sum: &mut [f32],
        total: &mut [f32],
        values: &[f32],
        flags: &[u8],
        centre: &[f32],
        weight: f32,
    ) {
        let n = sum.len();
        let (total, values, flags, centre) = (&mut total[..n], &values[..n], &flags[..n], &centre[..n]);
        for i in 0..n {
            let keep = flags[i] & (REJECTED | MISSING) == 0;
            sum[i] += if keep { weight * (values[i] - centre[i]) } else { 0.0 };
            total[i] += if keep { weight } else { 0.0 };
        }
    }
}
use kernel::add;
