//! From the light of a pixel to its grey: an inverse hyperbolic sine (Lupton et al. 2004, PASP 116, 133), with a shoulder
//! that reaches white nowhere and a toe that reaches black nowhere.

use crate::statistics::{MAD_TO_SIGMA, median};

/// Where the sky lies in the picture, of 1: dark, but not black.
pub(super) const SKY: f32 = 0.10;
/// How far the sky's noise spreads about that, of 1: faint light is as bright as its noise allows.
const NOISE: f32 = 0.035;
/// Where the shoulder begins, above the sky.
const SHOULDER: f32 = 0.45;
/// What no light comes to, above the sky: the core of the brightest star keeps its profile, and room for its tint.
const TOP: f32 = 0.86;
/// How far below the sky no noise comes: black is where no frame has data. A straight line would cut off what lies below
/// -2.9 sigma.
const TOE: f32 = 0.09;
/// Where the bulk of the stars ends, above the sky, before the shoulder.
const WHITE: f32 = 0.88;
/// All but this share of the pixels are darker than that.
const BRIGHT: f64 = 3e-4;
/// But what is less than this many times the noise is not: a field without stars stays dark.
const LEAST_WHITE: f32 = 50.0;

/// The curve of one picture.
pub(super) struct Tone {
    soft: f32,
    scale: f32,
}

impl Tone {
    /// The curve for a picture with such pixels: their light above the sky.
    pub(super) fn fit(mut light: Vec<f32>) -> Tone {
        // Objects only add light: what lies below the sky is noise, even where a nebula fills the frame.
        let mut below: Vec<f64> = light.iter().filter(|&&v| v < 0.0).map(|&v| f64::from(-v)).collect();
        let noise = (MAD_TO_SIGMA * median(&mut below).unwrap_or(0.0)).max(1e-6) as f32;
        let rank = ((1.0 - BRIGHT) * light.len() as f64) as usize;
        let bright = match light.len() {
            n if rank < n => *light.select_nth_unstable_by(rank, f32::total_cmp).1,
            _ => 0.0,
        };
        let white = bright.max(LEAST_WHITE * noise);
        let soft = softening(noise, white);
        Tone { soft, scale: WHITE / asinh(white / soft) }
    }

    /// How far above the sky such light lies, in the picture.
    pub(super) fn grey(&self, light: f32) -> f32 {
        let grey = self.scale * asinh(light.abs() / self.soft);
        match grey {
            _ if light < 0.0 => -bent(grey, TOE),
            _ if grey < SHOULDER => grey,
            _ => SHOULDER + bent(grey - SHOULDER, TOP - SHOULDER),
        }
    }
}

/// `x`, which begins with a slope of 1, bent so that it never reaches `end`.
pub(super) fn bent(x: f32, end: f32) -> f32 {
    let parts = x / end;
    x / (1.0 + parts * parts).sqrt()
}

/// Of what is not negative, to 7 digits of 1: a fifth of the time of the library's, which is right for the smallest also.
fn asinh(x: f32) -> f32 {
    (x + (x * x + 1.0).sqrt()).ln()
}

/// The softening that spreads the noise to [`NOISE`], by bisection: smaller lifts the faint more.
fn softening(noise: f32, white: f32) -> f32 {
    let (mut low, mut high) = (0.01 * noise, white);
    for _ in 0..40 {
        let middle = (low * high).sqrt();
        if WHITE * asinh(noise / middle) > NOISE * asinh(white / middle) {
            low = middle
        } else {
            high = middle
        }
    }
    high
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Noise of 7.4, evenly spread; a nebula over more than half of the frame; a few stars.
    fn light() -> Vec<f32> {
        let noise = |i: usize| ((i * 37) % 201) as f32 * 0.1 - 10.0;
        let object = |i: usize| match i {
            _ if i % 2000 == 7 => 5000.0,
            _ if i % 5 < 3 => 40.0,
            _ => 0.0,
        };
        (0..10_050).map(|i| noise(i) + object(i)).collect()
    }

    #[test]
    fn noise_has_its_place_and_no_light_reaches_white() {
        let tone = Tone::fit(light());
        // The middle size of these levels is 5, which is what noise of 7.4 has.
        assert!((tone.grey(7.41) - NOISE).abs() < 0.002, "{}", tone.grey(7.41));
        assert!(tone.grey(0.0).abs() < 1e-6);
        assert!((-0.034..-0.031).contains(&tone.grey(-7.41)), "{}", tone.grey(-7.41));
        assert!(SKY + tone.grey(-1e6) > 0.009);
        let mut before = -1.0;
        for k in 0..120 {
            let grey = tone.grey(1.1f32.powi(k));
            assert!(grey > before && SKY + grey < 0.97, "{grey} after {before}");
            before = grey;
        }
    }

    #[test]
    fn a_field_without_stars_stays_dark() {
        let tone = Tone::fit((0..2010).map(|i| (i % 201) as f32 * 0.1 - 10.0).collect());
        assert!((0.1..0.2).contains(&tone.grey(40.0)), "{}", tone.grey(40.0));
    }

    #[test]
    fn without_noise_or_without_light_there_is_a_curve() {
        for light in [vec![], vec![0.0; 9], vec![1e5; 9]] {
            let tone = Tone::fit(light);
            for v in [-1e5, 0.0, 1e-9, 1.0, 1e5] {
                assert!((-TOE..TOP).contains(&tone.grey(v)), "{v} becomes {}", tone.grey(v));
            }
        }
    }
}
