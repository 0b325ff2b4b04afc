//! Robust numbers: medians and spreads that a few outliers cannot move.

/// 1 / Phi^-1(3/4): scales a median absolute deviation to the sigma of a Gaussian.
pub(crate) const MAD_TO_SIGMA: f64 = 1.482_602_218_505_602;

/// The median of `values` (mean of the middle two for an even count), reordering them; `None` if empty.
pub(crate) fn median(values: &mut [f64]) -> Option<f64> {
    let n = values.len();
    if n == 0 {
        return None;
    }
    let (below, &mut middle, _) = values.select_nth_unstable_by(n / 2, f64::total_cmp);
    if n % 2 == 1 {
        return Some(middle);
    }
    let lower = below.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    Some(0.5 * (lower + middle))
}

/// Median and Gaussian-equivalent spread (1.4826 MAD) of `values`, reordering them.
pub(crate) fn median_and_spread(values: &mut [f64]) -> Option<(f64, f64)> {
    let m = median(values)?;
    for v in values.iter_mut() {
        *v = (*v - m).abs();
    }
    Some((m, MAD_TO_SIGMA * median(values)?))
}

/// The value below which half of the total weight lies; `None` without positive weight.
pub(crate) fn weighted_median(values: &mut [(f64, f64)]) -> Option<f64> {
    values.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)));
    let half = 0.5 * values.iter().map(|v| v.1).sum::<f64>();
    let mut sum = 0.0;
    for &(value, weight) in values.iter() {
        sum += weight;
        if sum >= half && weight > 0.0 {
            return Some(value);
        }
    }
    None
}

/// Level and noise of a patch of sky: median and MAD, clipped at 3 sigma, then the mode `2.5 median - 1.5 mean`
/// (Bijaoui's estimate as used by Stetson 1987 and SExtractor) unless stars skew the patch too much for it.
///
/// `samples` is reordered. A median of whole numbers is interpolated within its tie, since 16-bit skies step by whole ADU.
pub(crate) fn sky_mode(samples: &mut [u16]) -> Option<(f32, f32)> {
    let n = samples.len();
    if n < 8 {
        return None;
    }
    let centre = interpolated_median(samples, n / 2);
    let mut deviations = [0u16; 1024];
    let deviations = &mut deviations[..n.min(1024)];
    // Beyond 1024 samples every k-th one is enough for a spread.
    let step = n.div_ceil(deviations.len());
    let m = n.div_ceil(step);
    let deviations = &mut deviations[..m];
    kernel::deviations(samples, step, (f32::from(PARTS) * centre) as i32, deviations);
    let (_, &mut mad, _) = deviations.select_nth_unstable(m / 2);
    // A quantised, constant patch has MAD 0; half an ADU keeps the clip open.
    let sigma = (f32::from(mad) / f32::from(PARTS) * MAD_TO_SIGMA as f32).max(0.5);
    let (low, high) = (centre - 3.0 * sigma, centre + 3.0 * sigma);
    // As whole numbers: the conversion stops at 0 and at 65,535.
    let (below, kept, sum) = kernel::within(samples, low.ceil() as u16, high.floor() as u16);
    if kept == 0 {
        return Some((centre, sigma));
    }
    let mean = (f64::from(sum) / f64::from(kept)) as f32;
    let clipped = interpolated_median(samples, (below + kept / 2) as usize);
    let skewed = (mean - clipped).abs() > 0.3 * sigma;
    Some((if skewed { clipped } else { 2.5 * clipped - 1.5 * mean }, sigma))
}

/// Deviations are whole numbers of so small a part of an ADU: those are sorted out twice as fast as floats.
const PARTS: u16 = 8;

/// The value of rank `rank`, spread over the samples that share it.
fn interpolated_median(samples: &mut [u16], rank: usize) -> f32 {
    let rank = rank.min(samples.len() - 1);
    let (_, &mut value, _) = samples.select_nth_unstable(rank);
    let (below, equal, _) = kernel::within(samples, value, value);
    f32::from(value) - 0.5 + (rank as f32 + 0.5 - below as f32) / equal as f32
}

#[allow(unsafe_code)] // The macro's call of a function compiled for more, behind its run-time check.
mod kernel {
    use super::PARTS;

    /// Samples below `low`; those from `low` to `high`, and their sum. Of a patch: 65,536 samples at most.
    #[multiversion::multiversion(targets("x86_64+avx2+avx512f+avx512vl+avx512dq+avx512bw", "x86_64+avx2"))]
    pub(super) fn within(samples: &[u16], low: u16, high: u16) -> (u32, u32, u32) {
        let (mut below, mut kept, mut sum) = (0u32, 0u32, 0u32);
        for &v in samples {
            let inside = v >= low && v <= high;
            below += u32::from(v < low);
            kept += u32::from(inside);
            sum += if inside { u32::from(v) } else { 0 };
        }
        (below, kept, sum)
    }

    /// How far every `step`-th sample lies from `centre`, which is given in parts of an ADU, as they are.
    #[multiversion::multiversion(targets("x86_64+avx2+avx512f+avx512vl+avx512dq+avx512bw", "x86_64+avx2"))]
    pub(super) fn deviations(samples: &[u16], step: usize, centre: i32, out: &mut [u16]) {
        let far = |v: u16| {
            (i32::from(PARTS) * i32::from(v) - centre).unsigned_abs().min(u32::from(u16::MAX)) as u16
        };
        if step == 1 {
            out.iter_mut().zip(samples).for_each(|(out, &v)| *out = far(v));
        } else {
            out.iter_mut().zip(samples.iter().step_by(step)).for_each(|(out, &v)| *out = far(v));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn medians() {
        assert_eq!(median(&mut []), None);
        assert_eq!(median(&mut [3.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median(&mut [4.0, 1.0, 2.0, 3.0]), Some(2.5));
        assert_eq!(weighted_median(&mut [(1.0, 1.0), (2.0, 5.0), (9.0, 1.0)]), Some(2.0));
        assert_eq!(weighted_median(&mut [(1.0, 0.0)]), None);
    }

    #[test]
    fn sky_mode_is_not_moved_by_stars() {
        // A triangle of levels about 1000 with 5 % of bright pixels on top.
        let mut samples: Vec<u16> =
            (0..600u32).map(|i| 980 + ((i * 8) % 21 + (i / 21 * 13) % 21) as u16).collect();
        samples.extend(std::iter::repeat_n(5000, 30));
        let (level, sigma) = sky_mode(&mut samples).expect("enough samples");
        assert!((level - 1000.0).abs() < 1.0, "level {level}");
        assert!((5.0..14.0).contains(&sigma), "sigma {sigma}");
    }
}
