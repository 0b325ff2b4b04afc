//! Isophotal and windowed measures of one source.

use super::islands::Island;
use super::sky::PlaneSky;
use super::{Picture, StackStar};

/// The planes that sources are measured on.
pub(super) struct Field<'a> {
    pub(super) image: &'a [f32],
    pub(super) filtered: &'a [f32],
    pub(super) skies: &'a [PlaneSky],
    pub(super) picture: Picture<'a>,
}

/// Isophotal measures of one island (its first pixel is its filtered peak); `None` without positive flux.
pub(super) fn measure(field: &Field<'_>, island: &Island, threshold: f64, noise: f64) -> Option<StackStar> {
    let mut s = StackStar { thresh: threshold, npix: island.pixels.len() as i64, ..StackStar::default() };
    (s.xmin, s.ymin, s.xmax, s.ymax) = (i64::MAX, i64::MAX, 0, 0);
    s.peak = f64::NEG_INFINITY;
    let peak = island.pixels[0] as usize;
    (s.xcpeak, s.ycpeak, s.cpeak) = (
        (peak % field.picture.width) as i64,
        (peak / field.picture.width) as i64,
        f64::from(field.filtered[peak]),
    );
    let (ox, oy) = (s.xcpeak as f64, s.ycpeak as f64);
    let mut m = [0.0f64; 6];
    let mut bands = [0.0f64; 3];
    for &p in &island.pixels {
        let p = p as usize;
        let (x, y) = (p % field.picture.width, p / field.picture.width);
        let (value, smooth) = (f64::from(field.image[p]), f64::from(field.filtered[p]));
        let (dx, dy) = (x as f64 - ox, y as f64 - oy);
        (s.xmin, s.xmax) = (s.xmin.min(x as i64), s.xmax.max(x as i64));
        (s.ymin, s.ymax) = (s.ymin.min(y as i64), s.ymax.max(y as i64));
        s.cflux += smooth;
        s.flux += value;
        s.tnpix += i64::from(value > threshold);
        if value > s.peak {
            (s.peak, s.xpeak, s.ypeak) = (value, x as i64, y as i64);
        }
        for (sum, term) in m.iter_mut().zip([1.0, dx, dy, dx * dx, dy * dy, dx * dy]) {
            *sum += smooth * term;
        }
        for (b, sum) in bands.iter_mut().enumerate() {
            *sum += f64::from(field.picture.planes[b][p] - field.skies[b].at(x, y));
        }
    }
    if !(m[0] > 0.0 && s.flux > 0.0 && s.flux.is_finite()) {
        return None;
    }
    let [mx, my] = [m[1] / m[0], m[2] / m[0]];
    (s.x, s.y) = (ox + mx, oy + my);
    s.x2 = m[3] / m[0] - mx * mx;
    s.y2 = m[4] / m[0] - my * my;
    s.xy = m[5] / m[0] - mx * my;
    // A source of one row or column is as wide as a pixel: 1/12 px², as SExtractor adds.
    if s.x2 * s.y2 - s.xy * s.xy < 1.0 / 144.0 {
        s.x2 += 1.0 / 12.0;
        s.y2 += 1.0 / 12.0;
    }
    let mut errors = [0.0f64; 3];
    for &p in &island.pixels {
        let (dx, dy) = (
            (p as usize % field.picture.width) as f64 - s.x,
            (p as usize / field.picture.width) as f64 - s.y,
        );
        for (sum, term) in errors.iter_mut().zip([dx * dx, dy * dy, dx * dy]) {
            *sum += noise * noise * term;
        }
    }
    [s.errx2, s.erry2, s.errxy] = errors.map(|e| e / (m[0] * m[0]));
    ellipse(&mut s);
    s.fluxerr = noise * (island.pixels.len() as f64).sqrt();
    s.snr = s.flux / s.fluxerr;
    [s.flux_r, s.flux_g, s.flux_b] = bands;
    let rim = s.xmin == 0
        || s.ymin == 0
        || s.xmax + 1 == field.picture.width as i64
        || s.ymax + 1 == field.picture.height as i64;
    let holes = (s.ymin.max(1) - 1..(s.ymax + 2).min(field.picture.height as i64)).any(|y| {
        (s.xmin.max(1) - 1..(s.xmax + 2).min(field.picture.width as i64))
            .any(|x| !field.image[y as usize * field.picture.width + x as usize].is_finite())
    });
    s.flag = i64::from(island.split) + 2 * i64::from(rim || holes);
    (s.xwin, s.ywin, s.fwhm) = windowed(field, s.x, s.y);
    Some(s)
}

/// Axes and coefficients of the ellipse with the source's second moments.
fn ellipse(s: &mut StackStar) {
    let (sum, difference) = (0.5 * (s.x2 + s.y2), 0.5 * (s.x2 - s.y2));
    let root = difference.hypot(s.xy);
    s.a = (sum + root).max(0.0).sqrt();
    s.b = (sum - root).max(0.0).sqrt();
    s.theta = 0.5 * (2.0 * s.xy).atan2(s.x2 - s.y2);
    let determinant = s.x2 * s.y2 - s.xy * s.xy;
    if determinant > 0.0 {
        (s.cxx, s.cyy, s.cxy) = (s.y2 / determinant, s.x2 / determinant, -2.0 * s.xy / determinant);
    }
}

/// Centre and FWHM by adaptive moments: the Gaussian weight takes the width that it measures (for a Gaussian star the
/// weighted second moment is half its own). NaN where that does not settle.
fn windowed(field: &Field<'_>, x: f64, y: f64) -> (f64, f64, f64) {
    let (mut cx, mut cy, mut sigma) = (x, y, 1.4f64);
    for _ in 0..25 {
        let reach = (4.0 * sigma).ceil().clamp(4.0, 30.0) as i64;
        let (ix, iy) = (cx.round() as i64, cy.round() as i64);
        let (mut w0, mut wx, mut wy, mut w2) = (0.0, 0.0, 0.0, 0.0);
        for v in (iy - reach).max(0)..=(iy + reach).min(field.picture.height as i64 - 1) {
            for u in (ix - reach).max(0)..=(ix + reach).min(field.picture.width as i64 - 1) {
                let value = f64::from(field.image[v as usize * field.picture.width + u as usize]);
                let (dx, dy) = (u as f64 - cx, v as f64 - cy);
                let r2 = dx * dx + dy * dy;
                if value.is_finite() && r2 <= (reach * reach) as f64 {
                    let w = value * (-0.5 * r2 / (sigma * sigma)).exp();
                    w0 += w;
                    wx += w * dx;
                    wy += w * dy;
                    w2 += w * r2;
                }
            }
        }
        if !(w0 > 0.0 && w2 > 0.0) {
            return (x, y, f64::NAN);
        }
        let (dx, dy) = (2.0 * wx / w0, 2.0 * wy / w0);
        let next = (w2 / w0).sqrt().clamp(0.4, 10.0);
        let settled = dx.hypot(dy) < 1e-4 && (next - sigma).abs() < 1e-4;
        (cx, cy, sigma) = (cx + dx.clamp(-0.5, 0.5), cy + dy.clamp(-0.5, 0.5), next);
        if (cx - x).hypot(cy - y) > 3.0 {
            return (x, y, f64::NAN);
        }
        if settled {
            break;
        }
    }
    let fwhm = sigma * crate::centroid::FWHM_PER_SIGMA;
    // At the bounds it did not settle on a star.
    if (0.41..9.9).contains(&sigma) { (cx, cy, fwhm) } else { (x, y, f64::NAN) }
}
