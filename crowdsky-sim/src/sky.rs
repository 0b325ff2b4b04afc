//! The catalogue: stars on a disc that covers every frame, however it turns.

use crate::NightOptions;
use crate::truth::Star;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};

/// Slope of the star counts, N(>f) ~ f^-SLOPE. 1.5 would be space filled evenly; the Milky Way's disc thins out.
const SLOPE: f64 = 0.9;

/// Scatter of the colours in magnitudes, red to green as green to blue.
const COLOUR_SIGMA: f64 = 0.25;

/// No star gives more than this, in ADU per exposure: one such star saturates a few pixels, more would only
/// flood the frame.
const BRIGHTEST: f64 = 6e5;

/// Pixels added around the frame, so that drift does not bring in a starless rim.
const MARGIN: f64 = 60.0;

/// Draws the stars. Positions are uniform on a disc around the frame's centre; brightness by inverting
/// N(>f) ~ f^-0.9; colour one number per star, which tilts red up and blue down by the same factor.
pub(crate) fn catalogue(options: &NightOptions, rng: &mut ChaCha8Rng) -> Vec<Star> {
    let (width, height) = options.size_px();
    // Four standard deviations of the random walk at the night's end, and a jump there and one back.
    let wander = 4.0 * options.drift * (options.frames as f64).sqrt() + 2.0 * options.dither;
    let radius = (width as f64).hypot(height as f64) / 2.0 + MARGIN + wander;
    (0..options.stars)
        .map(|_| {
            let angle = std::f64::consts::TAU * rng.random::<f64>();
            let distance = radius * rng.random::<f64>().sqrt();
            let depth = 1.0 - rng.random::<f64>(); // (0, 1]: never divides by zero
            let green = (options.faintest * libm::pow(depth, -1.0 / SLOPE)).min(BRIGHTEST);
            let z: f64 = StandardNormal.sample(rng);
            let tilt = libm::exp10(0.4 * COLOUR_SIGMA * z);
            Star {
                x: distance * libm::cos(angle),
                y: distance * libm::sin(angle),
                flux: [green * tilt, green, green / tilt],
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;

    #[test]
    fn counts_follow_the_luminosity_function_and_cover_the_disc() {
        let options = NightOptions::default().stars(40_000);
        let stars = catalogue(&options, &mut ChaCha8Rng::seed_from_u64(5));
        let brighter = |f: f64| stars.iter().filter(|s| s.flux[1] > f).count() as f64;
        // N(>250) / N(>2500) = 10^0.9 = 7.94; 5000 stars in the bright sample give 1.3 % of noise.
        let ratio = brighter(249.9) / brighter(2500.0);
        assert!((ratio / 7.943 - 1.0).abs() < 0.06, "ratio {ratio}");
        let outermost = stars.iter().map(|s| s.x.hypot(s.y)).fold(0.0, f64::max);
        assert!(outermost > 1080f64.hypot(1920.0) / 2.0 + 55.0, "disc ends at {outermost}");
        let left = stars.iter().filter(|s| s.x < 0.0).count() as f64 / 40_000.0;
        assert!((left - 0.5).abs() < 0.02, "{left} of the stars lie left of the centre");
    }

    #[test]
    fn colours_tilt_about_green() {
        let stars = catalogue(&NightOptions::default(), &mut ChaCha8Rng::seed_from_u64(6));
        for s in &stars {
            assert!((s.flux[0] * s.flux[2] / (s.flux[1] * s.flux[1]) - 1.0).abs() < 1e-9);
        }
        let magnitudes = |s: &Star| 2.5 * (s.flux[0] / s.flux[1]).log10();
        let rms = (stars.iter().map(|s| magnitudes(s).powi(2)).sum::<f64>() / stars.len() as f64).sqrt();
        assert!((rms - COLOUR_SIGMA).abs() < 0.02, "rms colour {rms}");
    }
}
