//! How transparent the sky was in each frame, from the fluxes of its stars.

use crate::register::Catalogue;
use crate::stars::Detection;
use crate::statistics::{MAD_TO_SIGMA, median, weighted_median};

/// Fewest common stars that make a transparency; below it a frame counts as clear.
const MIN_STARS: usize = 6;
/// Alternations of transparencies and fluxes.
const ROUNDS: usize = 5;
/// Stars fainter than this in a frame add noise and, through detection, bias: only their lucky sightings are listed.
const MIN_SNR: f64 = 10.0;

/// Transparency of each frame, 1 for the median of those in `used`; 1 where fewer than six stars can tell.
///
/// The logarithm of every star's flux is its own brightness plus the frame's transparency; both are solved for in turn
/// with weighted medians, so variable stars and blends do not matter.
pub(crate) fn transparencies(frames: &[&Detection], used: &[bool], catalogue: &Catalogue) -> Vec<f64> {
    let n = frames.len();
    // By star: frame, log flux, weight.
    let mut tracks: Vec<Vec<(usize, f64, f64)>> = Vec::new();
    for sightings in &catalogue.stars {
        let track: Vec<_> = sightings
            .iter()
            .filter(|g| used[g.frame as usize])
            .filter_map(|g| {
                let s = &frames[g.frame as usize].stars[g.star as usize];
                let flux = s.total_flux();
                // The error of a log flux is 1 / snr; no star is better than 2 % (flat field, seeing).
                (flux > 0.0 && s.snr > MIN_SNR && !s.saturated)
                    .then(|| (g.frame as usize, flux.ln(), s.snr.min(50.0).powi(2)))
            })
            .collect();
        if track.len() >= 2 {
            tracks.push(track);
        }
    }
    let mut log_t = vec![0.0f64; n];
    let mut known = vec![false; n];
    for _ in 0..ROUNDS {
        let mut votes: Vec<Vec<(f64, f64)>> = vec![Vec::new(); n];
        for track in &tracks {
            let mut flux: Vec<(f64, f64)> = track.iter().map(|&(k, f, w)| (f - log_t[k], w)).collect();
            let Some(brightness) = weighted_median(&mut flux) else { continue };
            for &(k, f, w) in track {
                votes[k].push((f - brightness, w));
            }
        }
        for (k, v) in votes.iter_mut().enumerate() {
            known[k] = v.len() >= MIN_STARS;
            if known[k] {
                log_t[k] = refined_median(v);
            }
        }
        let mut all: Vec<f64> = (0..n).filter(|&k| known[k]).map(|k| log_t[k]).collect();
        let zero = median(&mut all).unwrap_or(0.0);
        for k in 0..n {
            log_t[k] = if known[k] { log_t[k] - zero } else { 0.0 };
        }
    }
    log_t.iter().map(|l| l.exp()).collect()
}

/// The weighted mean of what lies within 3 spreads of the weighted median: as robust, and nearly as precise as a mean.
fn refined_median(values: &mut [(f64, f64)]) -> f64 {
    let centre = weighted_median(values).unwrap_or(0.0);
    let mut deviations: Vec<f64> = values.iter().map(|v| (v.0 - centre).abs()).collect();
    let spread = MAD_TO_SIGMA * median(&mut deviations).unwrap_or(0.0);
    let (sum, total) = values
        .iter()
        .filter(|v| (v.0 - centre).abs() <= 3.0 * spread.max(1e-6))
        .fold((0.0, 0.0), |(s, t), v| (s + v.0 * v.1, t + v.1));
    if total > 0.0 { sum / total } else { centre }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::matching::tests::star;
    use crate::register::Sighting;

    #[test]
    fn clouds_are_measured_and_a_variable_star_is_not_mistaken_for_one() {
        let truth = [1.0, 0.5, 1.1, 1.0, 0.9];
        let frames: Vec<Detection> = truth
            .iter()
            .enumerate()
            .map(|(k, t)| {
                let stars = (0..12)
                    .map(|i| {
                        let variable = if i == 3 { 1.0 + k as f64 } else { 1.0 };
                        star(50.0 * i as f64, 10.0, t * variable * 1000.0 * (1.0 + i as f64))
                    })
                    .collect();
                Detection { stars, fwhm: 2.8 }
            })
            .collect();
        let lists: Vec<&Detection> = frames.iter().collect();
        let stars = (0..12).map(|i| (0..5).map(|k| Sighting { frame: k, star: i }).collect()).collect();
        let found = transparencies(&lists, &[true; 5], &Catalogue { stars });
        for (f, t) in found.iter().zip(truth) {
            assert!((f - t).abs() < 0.01, "{found:?}");
        }
    }
}
