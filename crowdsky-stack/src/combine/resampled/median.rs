//! Median of the samples that were kept.

use crate::reject::{MISSING, REJECTED, Rejector, TileSamples};

/// One band of a tile: the median of kept samples (mean of the middle two for an even count); NaN where there is none.
pub(super) fn combine(samples: &TileSamples, rejector: &Rejector, band: usize) -> Vec<f32> {
    let area = samples.area();
    let mut column = Vec::with_capacity(samples.frames());
    (0..area)
        .map(|i| {
            column.clear();
            for k in 0..samples.frames() {
                if rejector.flags[k * area + i] & (REJECTED | MISSING) == 0 {
                    column.push(samples.plane(k, band)[i]);
                }
            }
            let n = column.len();
            if n == 0 {
                return rejector.centre[band][i];
            }
            let (below, &mut middle, _) = column.select_nth_unstable_by(n / 2, f32::total_cmp);
            if n % 2 == 1 {
                return middle;
            }
            0.5 * (middle + below.iter().copied().fold(f32::NEG_INFINITY, f32::max))
        })
        .collect()
}
