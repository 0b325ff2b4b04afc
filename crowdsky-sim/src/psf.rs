//! The shape of a star: light of one star, pixel by pixel, on a stamp just large enough.

use serde::{Deserialize, Serialize};
use std::f64::consts::{LN_2, PI, SQRT_2};

/// Light beyond the stamp is lost. A stamp ends where the star gives less than this to a pixel, in ADU: a fiftieth of
/// the read noise, and at most 0.6 % of the light of the faintest default star.
const EDGE_ADU: f64 = 0.02;

/// Half sides of a stamp, in pixels: a star always gets its core, and never more than 129 x 129 pixels.
const HALF_MIN: f64 = 4.0;
const HALF_MAX: f64 = 64.0;

/// Samples per pixel and axis for shapes that have no integral in closed form. With three, a star 1 pixel wide
/// (the narrowest allowed) keeps its flux to 0.1 %.
const SUB: usize = 3;

/// Point spread function: how the air and the telescope spread a star's light.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub enum Psf {
    /// I(r) ~ (1 + r^2 / a^2)^-beta, the shape seeing gives (Moffat 1969, A&A 3, 455).
    Moffat {
        /// Steepness of the wings.
        beta: f64,
    },
    /// I(r) ~ exp(-r^2 / (2 s^2)).
    Gaussian,
}

impl Default for Psf {
    /// A Moffat with beta 3.5, common for stars through a small telescope.
    fn default() -> Self {
        Self::Moffat { beta: 3.5 }
    }
}

/// A [`Psf`] at one width, with unit light.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Profile {
    Moffat { peak: f64, scale2: f64, beta: f64 },
    Gaussian { sigma: f64 },
}

impl Profile {
    pub(crate) fn new(psf: Psf, fwhm: f64) -> Self {
        match psf {
            Psf::Moffat { beta } => {
                // FWHM = 2 a sqrt(2^(1/beta) - 1); the integral over the plane is pi a^2 / (beta - 1).
                let scale2 = (fwhm / 2.0).powi(2) / (libm::exp2(1.0 / beta) - 1.0);
                Self::Moffat { peak: (beta - 1.0) / (PI * scale2), scale2, beta }
            }
            Psf::Gaussian => Self::Gaussian { sigma: fwhm / (8.0 * LN_2).sqrt() },
        }
    }

    /// Half the side of the stamp for a star of `flux` ADU.
    fn half(&self, flux: f64) -> usize {
        let radius = match *self {
            Self::Moffat { peak, scale2, beta } => {
                let falls_by = (flux * peak / EDGE_ADU).max(1.0);
                (scale2 * (libm::pow(falls_by, 1.0 / beta) - 1.0)).sqrt()
            }
            Self::Gaussian { sigma } => {
                let falls_by = (flux / (2.0 * PI * sigma * sigma * EDGE_ADU)).max(1.0);
                sigma * (2.0 * libm::log(falls_by)).sqrt()
            }
        };
        radius.ceil().clamp(HALF_MIN, HALF_MAX) as usize
    }
}

/// The light of a unit star on `side` x `side` pixels; reused from star to star.
#[derive(Debug, Default)]
pub(crate) struct Stamp {
    /// Pixels from the stamp's centre to its edge; `side` is 2 `half` + 1.
    pub(crate) half: usize,
    /// Pixels along an edge.
    pub(crate) side: usize,
    /// Share of the star's light in each pixel, row by row.
    pub(crate) light: Vec<f32>,
    squares: [Vec<f32>; SUB],
    along_x: Vec<f32>,
}

impl Stamp {
    /// Fills the stamp with a star of `flux` ADU centred (dx, dy) pixels off the middle of the stamp's middle pixel.
    pub(crate) fn draw(&mut self, profile: &Profile, flux: f64, dx: f64, dy: f64) {
        self.half = profile.half(flux);
        self.side = 2 * self.half + 1;
        self.light.clear();
        self.light.resize(self.side * self.side, 0.0);
        match *profile {
            Profile::Moffat { peak, scale2, beta } => self.moffat(peak, scale2, beta, dx, dy),
            Profile::Gaussian { sigma } => self.gaussian(sigma, dx, dy),
        }
    }

    /// Mean of 3 x 3 samples per pixel. Squared distances along x are tabulated, so the inner loop is one sum and one
    /// power over neighbouring numbers, which the compiler turns into vector instructions.
    fn moffat(&mut self, peak: f64, scale2: f64, beta: f64, dx: f64, dy: f64) {
        let offset =
            |i: usize, sub: usize| i as f64 - self.half as f64 + (sub as f64 + 0.5) / SUB as f64 - 0.5;
        let side = self.side;
        for (sub, squares) in self.squares.iter_mut().enumerate() {
            squares.clear();
            squares.extend((0..side).map(|i| ((offset(i, sub) - dx).powi(2) / scale2) as f32));
        }
        let weight = (peak / (SUB * SUB) as f64) as f32;
        for (j, row) in self.light.chunks_exact_mut(side).enumerate() {
            for sub in 0..SUB {
                let y2 = 1.0 + ((offset(j, sub) - dy).powi(2) / scale2) as f32;
                for squares in &self.squares {
                    if beta == 3.5 {
                        // u^-3.5 without a call to pow: 20 times faster, and stars are most of a frame's time.
                        for (light, x2) in row.iter_mut().zip(squares) {
                            let u = x2 + y2;
                            *light += weight / (u * u * u * u.sqrt());
                        }
                    } else {
                        for (light, x2) in row.iter_mut().zip(squares) {
                            *light += weight * libm::powf(x2 + y2, -beta as f32);
                        }
                    }
                }
            }
        }
    }

    /// Exact: a Gaussian's integral over a pixel is a product of differences of error functions.
    fn gaussian(&mut self, sigma: f64, dx: f64, dy: f64) {
        let half = self.half as f64;
        let share = |i: usize, centre: f64| {
            let left = i as f64 - half - 0.5 - centre;
            let erf = |x: f64| libm::erf(x / (SQRT_2 * sigma));
            ((erf(left + 1.0) - erf(left)) / 2.0) as f32
        };
        self.along_x.clear();
        self.along_x.extend((0..self.side).map(|i| share(i, dx)));
        for (j, row) in self.light.chunks_exact_mut(self.side).enumerate() {
            let y = share(j, dy);
            for (light, x) in row.iter_mut().zip(&self.along_x) {
                *light = x * y;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(psf: Psf, fwhm: f64, flux: f64, dx: f64, dy: f64) -> Stamp {
        let mut stamp = Stamp::default();
        stamp.draw(&Profile::new(psf, fwhm), flux, dx, dy);
        stamp
    }

    /// Light of the whole stamp, and its centroid.
    fn moments(stamp: &Stamp) -> (f64, f64, f64) {
        let (mut sum, mut x, mut y) = (0.0, 0.0, 0.0);
        for (k, &light) in stamp.light.iter().enumerate() {
            sum += f64::from(light);
            x += f64::from(light) * ((k % stamp.side) as f64 - stamp.half as f64);
            y += f64::from(light) * ((k / stamp.side) as f64 - stamp.half as f64);
        }
        (sum, x / sum, y / sum)
    }

    #[test]
    fn light_and_centroid_are_kept() {
        for psf in [Psf::default(), Psf::Moffat { beta: 4.2 }, Psf::Gaussian] {
            for fwhm in [1.0, 2.8, 6.0] {
                let (sum, x, y) = moments(&drawn(psf, fwhm, 6e5, 0.31, -0.44));
                assert!((sum - 1.0).abs() < 2e-3, "{psf:?} {fwhm}: {sum}");
                // A star of one pixel is undersampled: its centroid leans to the pixel's middle, in the sky as here.
                let lean = if fwhm < 2.0 { 2e-2 } else { 1e-3 };
                assert!((x - 0.31).abs() < lean && (y + 0.44).abs() < lean, "{psf:?} {fwhm}: {x} {y}");
            }
        }
    }

    #[test]
    fn the_width_is_the_full_width_at_half_height() {
        for psf in [Psf::default(), Psf::Moffat { beta: 2.5 }, Psf::Gaussian] {
            // 20 pixels wide: pixels are small against the star, and the half height falls 10 pixels off.
            let stamp = drawn(psf, 20.0, 6e5, 0.0, 0.0);
            let at = |x: usize| stamp.light[stamp.half * stamp.side + stamp.half + x];
            assert!((at(10) / at(0) - 0.5).abs() < 0.005, "{psf:?}: {}", at(10) / at(0));
        }
    }

    #[test]
    fn the_short_cut_for_beta_3_5_is_the_power() {
        let [fast, slow] = [3.5, 3.500_000_1].map(|beta| drawn(Psf::Moffat { beta }, 2.8, 1e4, 0.2, 0.3));
        for (a, b) in fast.light.iter().zip(&slow.light) {
            assert!((a / b - 1.0).abs() < 1e-4);
        }
    }

    #[test]
    fn stamps_grow_with_flux_and_stay_bounded() {
        let profile = Profile::new(Psf::default(), 2.8);
        let halves = [1.0, 250.0, 5e4, 6e5, 1e30].map(|flux| profile.half(flux));
        assert!(halves.windows(2).all(|w| w[0] <= w[1]), "{halves:?}");
        assert_eq!((halves[0], halves[4]), (4, 64));
    }
}
