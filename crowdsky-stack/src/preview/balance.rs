//! What the camera's bands have to be multiplied by, so that the median star is white.

use crate::StackStar;
use crate::statistics::median;

/// Stars that can tell. Of three the middle one is no exception; without them pictures are as the camera has them.
const FEWEST: usize = 3;

/// The gains of red, green and blue.
pub(super) fn of(stars: &[StackStar]) -> [f64; 3] {
    let clear: Vec<&StackStar> = stars
        .iter()
        .filter(|s| s.snr > 30.0 && s.flag == 0 && s.flux_r > 0.0 && s.flux_g > 0.0 && s.flux_b > 0.0)
        .collect();
    if clear.len() < FEWEST {
        return [1.0; 3];
    }
    let gain = |flux: fn(&StackStar) -> f64| {
        let mut ratios: Vec<f64> = clear.iter().map(|s| s.flux_g / flux(s)).collect();
        median(&mut ratios).unwrap_or(1.0).clamp(0.4, 2.5)
    };
    [gain(|s| s.flux_r), 1.0, gain(|s| s.flux_b)]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn star(flux_r: f64, flux_b: f64) -> StackStar {
        StackStar { snr: 50.0, flux_r, flux_g: 1000.0, flux_b, ..StackStar::default() }
    }

    #[test]
    fn the_median_star_becomes_white() {
        let mut stars = vec![star(500.0, 800.0), star(400.0, 900.0), star(900.0, 300.0)];
        assert_eq!(of(&stars), [2.0, 1.0, 1.25]);
        // Faint ones, and those cut off, tell nothing.
        stars.extend([StackStar { snr: 20.0, ..star(1.0, 1.0) }; 5]);
        stars.extend([StackStar { flag: 4, ..star(1.0, 1.0) }; 5]);
        assert_eq!(of(&stars), [2.0, 1.0, 1.25]);
        assert_eq!(of(&stars[..2]), [1.0; 3]);
        assert_eq!(of(&[star(1.0, 1e6); 3]), [2.5, 1.0, 0.4]);
    }
}
