//! One exposure: light summed up on the sensor, then counted with noise.

use crate::NightOptions;
use crate::psf::{Profile, Stamp};
use crate::truth::{CosmicRay, FrameTruth, HotPixel, NightTruth, Star, Trail};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, Poisson, StandardNormal};

/// From this many electrons on, a Poisson number is drawn as a normal one with the skewness put right; below, exactly.
/// At 40 the two distributions differ by less than 0.1 % of the probability anywhere, and a frame takes 30 ms in
/// place of 200.
const MANY_ELECTRONS: f32 = 40.0;

/// Mean light of an exposure, in ADU above the bias, before any noise: sky, stars, trail and hot pixels.
pub(crate) struct Exposure {
    width: usize,
    height: usize,
    light: Vec<f32>,
}

impl Exposure {
    /// Everything the sensor would collect in frame `k`, or `None` if there is no such frame.
    pub(crate) fn collect(truth: &NightTruth, k: usize) -> Option<Self> {
        let frame = truth.frames.get(k)?;
        let mut exposure =
            Self { width: truth.width, height: truth.height, light: vec![0.0; truth.width * truth.height] };
        exposure.add_sky(&truth.options, frame.sky);
        let profile = Profile::new(truth.options.psf, frame.fwhm);
        let mut stamp = Stamp::default();
        for star in &truth.stars {
            if let Some(position) = truth.position(k, star) {
                exposure.add_star(&truth.options, &profile, &mut stamp, star, frame.transparency, position);
            }
        }
        if let Some(trail) = &frame.trail {
            exposure.add_trail(trail);
        }
        for &HotPixel { x, y, excess } in &truth.hot_pixels {
            exposure.light[y * exposure.width + x] += excess as f32;
        }
        Some(exposure)
    }

    /// A plane per colour, level at the frame's centre times (1 + gradient).
    fn add_sky(&mut self, options: &NightOptions, level: f64) {
        let (w, h) = (self.width as f64, self.height as f64);
        let bayer = options.bayer_pattern();
        for (y, row) in self.light.chunks_exact_mut(self.width).enumerate() {
            // Two colours take turns along a row: value = start + slope * x.
            let plane = [0, 1].map(|x| {
                let colour = bayer.band(x, y).index();
                let (sky, [gx, gy]) = (level * options.sky_colour[colour], options.sky_gradient[colour]);
                let start = 1.0 - gx * (w - 1.0) / (2.0 * w) + gy * (y as f64 - (h - 1.0) / 2.0) / h;
                ((sky * start) as f32, (sky * gx / w) as f32)
            });
            for (x, light) in row.iter_mut().enumerate() {
                let (start, slope) = plane[x & 1];
                *light += start + slope * x as f32;
            }
        }
    }

    /// Adds a star at column and row `[x, y]`, seen through the colour filters.
    fn add_star(
        &mut self,
        options: &NightOptions,
        profile: &Profile,
        stamp: &mut Stamp,
        star: &Star,
        transparency: f64,
        [x, y]: [f64; 2],
    ) {
        // 65 is one more than half the largest stamp: such a star reaches no pixel.
        let off = |p: f64, size: usize| p < -65.0 || p > size as f64 + 65.0;
        if off(x, self.width) || off(y, self.height) {
            return;
        }
        let (column, row) = (x.round(), y.round());
        let flux = star.flux.map(|f| f * transparency);
        stamp.draw(profile, flux.iter().fold(0.0, |a, &b| b.max(a)), x - column, y - row);
        let (left, top) = (column as i64 - stamp.half as i64, row as i64 - stamp.half as i64);
        let clip = |first: i64, size: usize| -> (usize, usize) {
            let from = (-first).clamp(0, stamp.side as i64);
            let to = (size as i64 - first).clamp(from, stamp.side as i64);
            (from as usize, to as usize)
        };
        let ((i0, i1), (j0, j1)) = (clip(left, self.width), clip(top, self.height));
        if i0 == i1 {
            return;
        }
        let bayer = options.bayer_pattern();
        for j in j0..j1 {
            let (x0, y) = ((left + i0 as i64) as usize, (top + j as i64) as usize);
            let filtered = [0, 1].map(|i| flux[bayer.band(x0 + i, y).index()] as f32);
            let pixels = &mut self.light[y * self.width + x0..][..i1 - i0];
            for (i, (pixel, light)) in pixels.iter_mut().zip(&stamp.light[j * stamp.side + i0..]).enumerate()
            {
                *pixel += filtered[i & 1] * light;
            }
        }
    }

    /// Adds a line with a Gaussian cross-section, white. Only pixels within five widths of it are visited.
    fn add_trail(&mut self, trail: &Trail) {
        let (sin, cos) = (libm::sin(trail.angle), libm::cos(trail.angle));
        let reach = 5.0 * trail.sigma;
        for (y, row) in self.light.chunks_exact_mut(self.width).enumerate() {
            // Distance of pixel x from the line: (x - trail.x) sin - (y - trail.y) cos.
            let across = (y as f64 - trail.y) * cos;
            let (from, to) = if sin.abs() > 1e-9 {
                let (a, b) = ((across - reach) / sin + trail.x, (across + reach) / sin + trail.x);
                (a.min(b), a.max(b))
            } else {
                (0.0, if across.abs() < reach { self.width as f64 } else { -1.0 })
            };
            let from = from.ceil().clamp(0.0, self.width as f64) as usize;
            let to = (to.floor() + 1.0).clamp(from as f64, self.width as f64) as usize;
            for (x, pixel) in row.iter_mut().enumerate().take(to).skip(from) {
                let distance = ((x as f64 - trail.x) * sin - across) / trail.sigma;
                *pixel += (trail.peak * libm::exp(-0.5 * distance * distance)) as f32;
            }
        }
    }

    /// Reads the sensor out: Poisson noise of the electrons, read noise, bias, cosmic rays, and 16 bits.
    pub(crate) fn read_out(
        mut self,
        options: &NightOptions,
        frame: &FrameTruth,
        rng: &mut ChaCha8Rng,
    ) -> Vec<u16> {
        let (gain, read_noise) = (options.electrons_per_adu as f32, options.read_noise as f32);
        let (per_electron, bias) = (1.0 / gain, options.bias as f32);
        for pixel in &mut self.light {
            let noise: f32 = StandardNormal.sample(rng);
            *pixel = (electrons(*pixel * gain, rng) + read_noise * noise) * per_electron + bias;
        }
        for &CosmicRay { x, y, width, height, excess } in &frame.cosmic_rays {
            for row in self.light.chunks_exact_mut(self.width).skip(y).take(height) {
                row.iter_mut().skip(x).take(width).for_each(|pixel| *pixel += excess as f32);
            }
        }
        // `as` saturates: below 0 becomes 0, above 65535 becomes 65535.
        self.light.into_iter().map(|value| (value + 0.5).floor() as u16).collect()
    }
}

/// A Poisson number of mean `mean`. For large means a normal number z gives mean + sqrt(mean) z + (z^2 - 1) / 6,
/// the first terms of the expansion of Cornish and Fisher (1938): mean, variance and skewness are the Poisson's.
fn electrons(mean: f32, rng: &mut ChaCha8Rng) -> f32 {
    if mean >= MANY_ELECTRONS {
        let z: f32 = StandardNormal.sample(rng);
        mean + mean.sqrt() * z + (z * z - 1.0) / 6.0
    } else if mean > 0.0 {
        // A positive finite mean makes no error; were there one, no light is the honest number of photons.
        Poisson::new(f64::from(mean)).map_or(0.0, |poisson| poisson.sample(rng) as f32)
    } else {
        0.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;

    #[test]
    fn electrons_have_the_moments_of_poisson() {
        let mut rng = ChaCha8Rng::seed_from_u64(3);
        for mean in [0.5_f32, 12.0, 39.0, 41.0, 600.0, 30_000.0] {
            let n = 200_000;
            let draws: Vec<f64> =
                (0..n).map(|_| f64::from(electrons(mean, &mut rng)) - f64::from(mean)).collect();
            let moment = |p: i32| draws.iter().map(|d| d.powi(p)).sum::<f64>() / f64::from(n);
            let (m, sigma) = (f64::from(mean), f64::from(mean).sqrt());
            assert!(moment(1).abs() < 4.0 * sigma / f64::from(n).sqrt(), "mean at {mean}: {}", moment(1));
            assert!((moment(2) / m - 1.0).abs() < 0.02, "variance at {mean}: {}", moment(2));
            // The third moment of a Poisson number is its mean; its noise is sigma^3 sqrt(15 / n), and more when few.
            let tolerance = 6.0 * (sigma.powi(3) + sigma) * (15.0 / f64::from(n)).sqrt();
            assert!((moment(3) - m).abs() < tolerance, "third moment at {mean}: {}", moment(3));
        }
    }
}
