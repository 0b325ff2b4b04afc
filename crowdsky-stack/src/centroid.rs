//! Where a star is, fitted to the photosites themselves.
#![allow(clippy::needless_range_loop)] // Indices as in the formulas.

use crate::background::SkyMesh;
use crate::linalg::{cholesky, solve};
use crate::mosaic::Mosaic;
use crowdsky_core::Band;

/// FWHM of a Gaussian of sigma 1: `2 sqrt(2 ln 2)`.
pub(crate) const FWHM_PER_SIGMA: f64 = 2.354_820_045_030_949_3;

/// A circular Gaussian fitted to the photosites around a star, with an amplitude and a level of its own for each colour.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Fit {
    pub(crate) x: f64,
    pub(crate) y: f64,
    /// Width of the Gaussian, px.
    pub(crate) sigma: f64,
    /// Total counts by band, ADU per photosite area.
    pub(crate) flux: [f64; 3],
    /// Sum of the fluxes over its error.
    pub(crate) snr: f64,
    /// Variances of x and y and their covariance, px², scaled up where the residuals exceed the sky noise.
    pub(crate) covariance: [f64; 3],
    /// The brightest photosite within one sigma, raw ADU.
    pub(crate) peak: u16,
}

/// What the fit may move besides position and amplitudes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Width {
    Free,
    /// Faint stars take the frame's width: their own would be noise and would double the position's error.
    Fixed,
}

/// A star is fitted in a circle of this radius at most, px.
pub(crate) const MAX_RADIUS: usize = 10;

/// Amplitude (3), level (3), x, y, sigma.
const PARAMETERS: usize = 9;
const X: usize = 6;
const Y: usize = 7;
const S: usize = 8;

/// Fits a star near (`x`, `y`) in a circle of `radius` px ([`MAX_RADIUS`] at most), starting from width `sigma` (px).
///
/// Gauss-Newton on all nine parameters; each photosite touches five of them. Amplitudes per colour make the position
/// free of the Bayer phase: a red star's four dark neighbours do not pull it. `None` if it wanders more than 2 px,
/// does not converge or leaves the frame.
pub(crate) fn fit_star(
    mosaic: &Mosaic,
    sky: &SkyMesh,
    x: f64,
    y: f64,
    sigma: f64,
    radius: usize,
    width: Width,
) -> Option<Fit> {
    let (w, h) = (mosaic.width() as f64, mosaic.height() as f64);
    let radius = radius.min(MAX_RADIUS);
    let r = radius as f64;
    let (cx, cy) = (x.round(), y.round());
    if cx - r < 0.0 || cy - r < 0.0 || cx + r > w - 1.0 || cy + r > h - 1.0 {
        return None;
    }
    let (x0, y0) = (cx as usize - radius, cy as usize - radius);
    let side = 2 * radius + 1;
    let noise = sky.noise();
    let level = Band::ALL.map(|b| f64::from(sky.level(b, cx, cy)));
    let inverse_variance = noise.map(|n| 1.0 / f64::from(n * n));

    let mut p = [0.0; PARAMETERS];
    (p[X], p[Y], p[S]) = (x, y, sigma);
    let mut normal = [[0.0; PARAMETERS]; PARAMETERS];
    let (mut chi2, mut used, mut peak) = (0.0, 0usize, 0u16);
    for round in 0..10 {
        normal = [[0.0; PARAMETERS]; PARAMETERS];
        let mut right = [0.0; PARAMETERS];
        (chi2, used, peak) = (0.0, 0, 0);
        let inverse_s2 = 1.0 / (p[S] * p[S]);
        // The Gaussian is one along x times one along y: 22 exponentials, not 121.
        let profile = |first: usize, centre: f64| {
            let mut along = [0.0; 2 * MAX_RADIUS + 1];
            for (i, value) in along[..side].iter_mut().enumerate() {
                let d = (first + i) as f64 - centre;
                *value = (-0.5 * d * d * inverse_s2).exp();
            }
            along
        };
        let (along_x, along_y) = (profile(x0, p[X]), profile(y0, p[Y]));
        for j in 0..side {
            let v = (y0 + j) as f64;
            let row = &mosaic.row(y0 + j)[x0..x0 + side];
            for (i, &raw) in row.iter().enumerate() {
                let u = (x0 + i) as f64;
                if (u - cx).powi(2) + (v - cy).powi(2) > r * r + 0.5 {
                    continue;
                }
                let (dx, dy) = (u - p[X], v - p[Y]);
                let d2 = (dx * dx + dy * dy) * inverse_s2;
                let g = along_x[i] * along_y[j];
                let c = mosaic.pattern().band(x0 + i, y0 + j).index();
                let a = p[c] * g * inverse_s2;
                let derivative = [g, 1.0, a * dx, a * dy, a * p[S] * d2];
                let slot = [c, 3 + c, X, Y, S];
                let residual = f64::from(raw) - level[c] - p[c] * g - p[3 + c];
                let weight = inverse_variance[c];
                chi2 += weight * residual * residual;
                used += 1;
                if d2 < 1.0 {
                    peak = peak.max(raw);
                }
                for k in 0..5 {
                    let wd = weight * derivative[k];
                    right[slot[k]] += wd * residual;
                    for l in 0..=k {
                        // Slots grow with k, so this stays in the lower triangle.
                        normal[slot[k]][slot[l]] += wd * derivative[l];
                    }
                }
            }
        }
        if round == 0 || width == Width::Fixed {
            // The first round has no amplitudes yet: position and width have no derivative to work with.
            pin(&mut normal, &mut right, S);
        }
        if round == 0 {
            pin(&mut normal, &mut right, X);
            pin(&mut normal, &mut right, Y);
        }
        let step = solve(&cholesky(&normal)?, &right);
        for k in 0..6 {
            p[k] += step[k];
        }
        // Half a pixel a round keeps a bad start from jumping to a neighbour.
        p[X] += step[X].clamp(-0.5, 0.5);
        p[Y] += step[Y].clamp(-0.5, 0.5);
        p[S] = (p[S] + step[S].clamp(-0.3, 0.3)).clamp(0.4, 8.0);
        if (p[X] - x).powi(2) + (p[Y] - y).powi(2) > 4.0 || !p.iter().all(|v| v.is_finite()) {
            return None;
        }
        // 1e-3 px is a tenth of the best position a single star gives.
        if round > 0 && step[X].abs().max(step[Y].abs()) < 1e-3 && step[S].abs() < 1e-2 {
            break;
        }
    }
    let l = cholesky(&normal)?;
    let column = |k: usize| {
        let mut e = [0.0; PARAMETERS];
        e[k] = 1.0;
        solve(&l, &e)
    };
    let area = 2.0 * std::f64::consts::PI * p[S] * p[S];
    let flux = [p[0] * area, p[1] * area, p[2] * area];
    let amplitude: f64 = p[..3].iter().sum();
    let amplitude_variance: f64 = (0..3).map(|k| column(k)[k]).sum();
    let degrees = used.saturating_sub(PARAMETERS).max(1) as f64;
    let inflate = (chi2 / degrees).max(1.0);
    let (vx, vy) = (column(X), column(Y));
    let fit = Fit {
        x: p[X],
        y: p[Y],
        sigma: p[S],
        flux,
        snr: amplitude / amplitude_variance.sqrt(),
        covariance: [vx[X] * inflate, vx[Y] * inflate, vy[Y] * inflate],
        peak,
    };
    (amplitude > 0.0 && fit.covariance.iter().all(|v| v.is_finite())).then_some(fit)
}

/// Takes parameter `k` out of the system: its step becomes 0.
fn pin(normal: &mut [[f64; PARAMETERS]; PARAMETERS], right: &mut [f64; PARAMETERS], k: usize) {
    for i in 0..PARAMETERS {
        normal[i][k] = 0.0;
        normal[k][i] = 0.0;
    }
    normal[k][k] = 1.0;
    right[k] = 0.0;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crowdsky_core::BayerPattern;

    /// A star of very unequal colours at every Bayer phase: the position must not depend on it.
    #[test]
    fn the_position_has_no_bayer_phase() {
        let (w, h) = (96, 96);
        for pattern in [BayerPattern::Rggb, BayerPattern::Bggr, BayerPattern::Grbg, BayerPattern::Gbrg] {
            for (sx, sy) in [(48.0, 48.0), (48.5, 47.25), (47.3, 48.9), (49.0, 48.0)] {
                let pixels = (0..w * h)
                    .map(|i| {
                        let (x, y) = (i % w, i / w);
                        let amplitude = [9000.0, 3000.0, 1000.0][pattern.band(x, y).index()];
                        let r2 = (x as f64 - sx).powi(2) + (y as f64 - sy).powi(2);
                        // A ripple of +-2 ADU stands for noise, so that the sky mesh has a spread.
                        (1000.0 + ((x * 7 + y * 13) % 5) as f64 - 2.0
                            + amplitude * (-0.5 * r2 / 1.44f64).exp())
                        .round() as u16
                    })
                    .collect();
                let mosaic = Mosaic::new(w, h, pattern, pixels).expect("shape");
                let sky = SkyMesh::measure(&mosaic);
                let fit = fit_star(&mosaic, &sky, sx.round(), sy.round(), 1.5, 5, Width::Free)
                    .expect("a bright star fits");
                assert!(
                    (fit.x - sx).abs() < 0.01 && (fit.y - sy).abs() < 0.01,
                    "{pattern} {sx},{sy}: {fit:?}"
                );
                assert!((fit.sigma - 1.2).abs() < 0.02, "{fit:?}");
                let truth = 2.0 * std::f64::consts::PI * 1.44 * 9000.0;
                assert!((fit.flux[0] / truth - 1.0).abs() < 0.02, "{fit:?}");
                assert!(fit.covariance[0] > 0.0 && fit.covariance[0] < 1e-3);
            }
        }
    }

    #[test]
    fn blank_sky_and_the_rim_give_nothing_bright() {
        let pixels = (0..64 * 64).map(|i| 500 + ((i * 7919) % 23) as u16).collect();
        let mosaic = Mosaic::new(64, 64, BayerPattern::Grbg, pixels).expect("shape");
        let sky = SkyMesh::measure(&mosaic);
        assert!(fit_star(&mosaic, &sky, 1.0, 30.0, 1.4, 5, Width::Fixed).is_none());
        if let Some(fit) = fit_star(&mosaic, &sky, 32.0, 32.0, 1.4, 5, Width::Fixed) {
            assert!(fit.snr < 6.0, "{fit:?}");
        }
    }
}
