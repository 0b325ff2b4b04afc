//! The colour of the light around a pixel.
//!
//! Detail and brightness are those of the pixel itself; its tint is that of the flux in a small window, as photometry would
//! have it: lenses make stars of unequal width in the bands, which pixel by pixel are rings of false colour. Tint is shown as
//! far as it stands above its noise, so that the noise of the sky is grey.

use super::tone::bent;
use super::{Picture, light};
use crate::parallel;
use crate::share::{Blur, stride, strips};
use crate::statistics::{MAD_TO_SIGMA, median};
use std::ops::Range;

/// The window, px RMS: wider than a star, narrower than the space between two.
const WINDOW: f32 = 2.5;
/// Colours a little stronger than they are, as photographs have them.
const SATURATION: f32 = 1.4;
/// What the excess of a band over the light does not come to, in parts of it: deep colours end here.
const DEEPEST: f32 = 1.0;
/// Noise variances (of two colours) that a tint has to stand above: 2.4 sigma.
const REST: f32 = 6.0;
/// Pull of the tint towards none where there is little light, in noise variances.
const PRIOR: f32 = 4.0;
/// From this level on a core may be cut off, ADU, and its colour that of the camera's gains. Of a full well of 65,535; a
/// stack has the mean of frames with different seeing.
const SATURATED: f32 = 45_000.0;
/// Share of a window that has to be there.
const LEAST: f32 = 0.02;

/// The blur that makes windows.
pub(super) fn window() -> Blur {
    Blur::new(WINDOW)
}

/// What red, green and blue have beyond the light, which has green twice.
fn excess(red: f32, blue: f32) -> [f32; 3] {
    [red, -0.5 * (red + blue), blue]
}

/// Noise of what a whole window holds, where the variance of a pixel is 1 in the unit of [`Picture::variance`].
pub(super) struct Noise {
    light: f32,
    excess: [f32; 3],
}

impl Noise {
    /// From the middle size of windows in every fourth strip, most of which hold sky.
    pub(super) fn measure(picture: &Picture<'_>) -> Noise {
        let blur = window();
        let samples =
            parallel::map_owned(strips(picture.height, 4).collect(), Window::default, |window, rows| {
                window.load(picture, &blur, &rows);
                // 37 is coprime to usual widths: all columns are met.
                let chosen = (rows.start * picture.width..rows.end * picture.width).step_by(37);
                let sample = |i: usize| {
                    let (share, light, [red, green, blue]) =
                        window.around(i % picture.width, i / picture.width)?;
                    let unit = (share / picture.variance[i]).sqrt();
                    unit.is_finite().then(|| [light, red, green, blue].map(|v| f64::from((v * unit).abs())))
                };
                chosen.filter_map(sample).collect::<Vec<[f64; 4]>>()
            });
        let [light, red, green, blue] = [0, 1, 2, 3].map(|k| {
            let mut sizes: Vec<f64> = samples.iter().flatten().map(|s| s[k]).collect();
            (MAD_TO_SIGMA * median(&mut sizes).unwrap_or(0.0)).max(1e-9) as f32
        });
        Noise { light, excess: [red, green, blue] }
    }
}

/// Rows of a picture, and what lies around each pixel.
#[derive(Default)]
pub(super) struct Window {
    first: usize,
    stride: usize,
    /// NaN where there is no data.
    light: Vec<f32>,
    /// 1 where there is data that no sensor cut off; the light there, and what red and blue have beyond it.
    inside: [Vec<f32>; 4],
    /// Of these, the sum over the window.
    around: [Vec<f32>; 4],
    bands: [Vec<f32>; 3],
    line: Vec<f32>,
}

impl Window {
    /// Rows `rows` of the picture, and the sums around their pixels.
    pub(super) fn load(&mut self, picture: &Picture<'_>, blur: &Blur, rows: &Range<usize>) {
        let halo = blur.radius();
        let all = rows.start.saturating_sub(halo)..(rows.end + halo).min(picture.height);
        (self.first, self.stride) = (all.start, stride(picture.width));
        let n = all.len() * self.stride;
        self.light.resize(n, 0.0);
        for plane in self.inside.iter_mut().chain(&mut self.around) {
            plane.clear();
            plane.resize(n, 0.0);
        }
        for y in all {
            self.load_row(picture, y);
        }
        let rows = rows.start - self.first..rows.end - self.first;
        for (inside, around) in self.inside.iter().zip(&mut self.around) {
            blur.run(inside, self.stride, rows.clone(), &mut self.line, around);
        }
    }

    fn load_row(&mut self, picture: &Picture<'_>, y: usize) {
        picture.row(y, &mut self.bands);
        let (here, at) = (y * picture.width, self.place(0, y));
        let [red, green, blue] = &self.bands;
        let [mask, inside, red_excess, blue_excess] = &mut self.inside;
        for x in 0..picture.width {
            let light = light(red[x], green[x], blue[x]);
            self.light[at + x] = light;
            let whole = picture.planes.iter().all(|plane| plane[here + x] < SATURATED);
            if whole && light.is_finite() && picture.variance[here + x].is_finite() {
                mask[at + x] = 1.0;
                inside[at + x] = light;
                red_excess[at + x] = red[x] - light;
                blue_excess[at + x] = blue[x] - light;
            }
        }
    }

    fn place(&self, x: usize, y: usize) -> usize {
        (y - self.first) * self.stride + x
    }

    /// The light of a pixel above its sky; NaN without data.
    pub(super) fn light(&self, x: usize, y: usize) -> f32 {
        self.light[self.place(x, y)]
    }

    /// Share of the window around a pixel that is there, its mean light, and what the bands have beyond that.
    fn around(&self, x: usize, y: usize) -> Option<(f32, f32, [f32; 3])> {
        let at = self.place(x, y);
        let [share, light, red, blue] = [0, 1, 2, 3].map(|k| self.around[k][at]);
        (share > LEAST).then(|| (share, light / share, excess(red / share, blue / share)))
    }

    /// What red, green and blue have beyond the light of a pixel, in parts of it. `variance` is that of its noise.
    pub(super) fn tint(&self, x: usize, y: usize, variance: f32, noise: &Noise) -> [f32; 3] {
        let Some((share, light, excess)) = self.around(x, y) else { return [0.0; 3] };
        if light <= 0.0 || !variance.is_finite() {
            return [0.0; 3];
        }
        // A window at the rim holds less, and more noise.
        let unit = variance / share;
        let sigmas: f32 = (0..3).map(|b| (excess[b] / noise.excess[b]).powi(2)).sum();
        // Three colours of which two are free.
        let found = sigmas * 2.0 / 3.0;
        if found <= REST * unit {
            return [0.0; 3];
        }
        let seen = 1.0 - REST * unit / found;
        let strength = SATURATION * seen * light / (light * light + PRIOR * unit * noise.light * noise.light);
        let tint = without_green(excess.map(|e| strength * e));
        let deepest = tint.iter().fold(0.0f32, |deepest, t| deepest.max(t.abs()));
        // The smallest number above 0 stands for a tint of nothing.
        let bend = bent(deepest, DEEPEST) / deepest.max(f32::MIN_POSITIVE);
        tint.map(|t| t * bend)
    }
}

/// No star and hardly a nebula is green; what is so by the camera's filters or by noise is shown as the colour beside it.
fn without_green([red, green, blue]: [f32; 3]) -> [f32; 3] {
    let beyond = (green - red.max(blue)).max(0.0);
    // The light stays as it is: green counts twice.
    [red + beyond / 2.0, green - beyond / 2.0, blue + beyond / 2.0]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn green_is_shown_as_the_colour_beside_it() {
        for tint in [[0.3, 0.0, -0.3], [0.2, 0.2, -0.6], [-0.5, 0.25, 0.0]] {
            let shown = without_green(tint);
            assert!(shown[1] <= shown[0].max(shown[2]) + 1e-6, "{tint:?} as {shown:?}");
            assert!((light(shown[0], shown[1], shown[2]) - light(tint[0], tint[1], tint[2])).abs() < 1e-6);
        }
        assert_eq!(without_green([0.3, 0.0, -0.3]), [0.3, 0.0, -0.3]);
    }
}
