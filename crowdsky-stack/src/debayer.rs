//! A piece of a mosaic in full colour, by bilinear interpolation of each colour.

use crate::defects::Defects;
use crate::window::Window;
use crowdsky_core::{Band, BayerPattern};

/// A rectangle of a frame, red, green, blue and a spare float for each pixel: 16 bytes, so that one load takes a pixel.
#[derive(Debug, Default)]
pub(crate) struct ColourBox {
    pub(crate) x0: i64,
    pub(crate) y0: i64,
    pub(crate) width: usize,
    pub(crate) height: usize,
    pub(crate) pixels: Vec<[f32; 4]>,
    /// Three rows of photosites, with one more on either side.
    rows: [Vec<f32>; 3],
}

impl ColourBox {
    /// Fills the box with columns `x0..x1` and rows `y0..y1` of `mosaic`; what lies beyond the frame is mirrored at its rim.
    ///
    /// Each colour at a site is its own photosite or the mean of the nearest ones of that colour (two or four). Photosites
    /// in `defects` take no part: the mean is of those that remain.
    pub(crate) fn fill(
        &mut self,
        mosaic: &Window<'_>,
        defects: &Defects,
        (x0, x1): (i64, i64),
        (y0, y1): (i64, i64),
    ) {
        let (width, height) = ((x1 - x0).max(0) as usize, (y1 - y0).max(0) as usize);
        (self.x0, self.y0, self.width, self.height) = (x0, y0, width, height);
        self.pixels.clear();
        self.pixels.resize(width * height, [0.0; 4]);
        if width == 0 || height == 0 {
            return;
        }
        for row in &mut self.rows {
            row.resize(width + 2, 0.0);
        }
        load_row(mosaic, x0 - 1, y0 - 1, &mut self.rows[1]);
        load_row(mosaic, x0 - 1, y0, &mut self.rows[2]);
        for j in 0..height {
            let y = y0 + j as i64;
            self.rows.rotate_left(1);
            load_row(mosaic, x0 - 1, y + 1, &mut self.rows[2]);
            let [above, here, below] = &self.rows;
            let out = &mut self.pixels[j * width..(j + 1) * width];
            interpolate_row(above, here, below, Phase::new(mosaic.pattern(), x0, y), out);
        }
        if !defects.is_empty() {
            self.mend(mosaic, defects);
        }
    }

    /// Computes again the pixels that a defect took part in.
    fn mend(&mut self, mosaic: &Window<'_>, defects: &Defects) {
        let (w, h) = (mosaic.width() as i64, mosaic.height() as i64);
        let (left, right) = ((self.x0 - 1).clamp(0, w), (self.x0 + self.width as i64 + 1).clamp(0, w));
        for y in (self.y0 - 1).max(0)..(self.y0 + self.height as i64 + 1).min(h) {
            for x in defects.in_row(y as usize, left as usize, right as usize) {
                let x = x as i64;
                for v in (y - 1).max(0).max(self.y0)..(y + 2).min(h).min(self.y0 + self.height as i64) {
                    for u in (x - 1).max(0).max(self.x0)..(x + 2).min(w).min(self.x0 + self.width as i64) {
                        let at = (v - self.y0) as usize * self.width + (u - self.x0) as usize;
                        let site = (u as usize, v as usize);
                        for band in Band::ALL {
                            if let Some(value) = mean_of_good(mosaic, defects, site, band) {
                                self.pixels[at][band.index()] = value;
                            }
                        }
                    }
                }
            }
        }
    }
}

/// The nearest good photosites' mean: the site itself, else those of 3 x 3, else of 5 x 5.
fn mean_of_good(mosaic: &Window<'_>, defects: &Defects, (x, y): (usize, usize), band: Band) -> Option<f32> {
    for reach in 0..=2usize {
        let (mut sum, mut count) = (0.0f32, 0u32);
        for v in y.saturating_sub(reach)..(y + reach + 1).min(mosaic.height()) {
            for u in x.saturating_sub(reach)..(x + reach + 1).min(mosaic.width()) {
                if mosaic.pattern().band(u, v) == band && defects.in_row(v, u, u + 1).next().is_none() {
                    sum += f32::from(mosaic.at(u, v));
                    count += 1;
                }
            }
        }
        if count > 0 {
            return Some(sum / count as f32);
        }
    }
    None
}

/// Mirrors a coordinate at the rim without repeating it, which keeps its colour: -1 becomes 1.
fn mirror(i: i64, n: usize) -> usize {
    let last = n as i64 - 1;
    let m = i.rem_euclid(2 * last);
    m.min(2 * last - m) as usize
}

fn load_row(mosaic: &Window<'_>, x0: i64, y: i64, out: &mut [f32]) {
    let (row, first) = (mosaic.row(mirror(y, mosaic.height())), mosaic.first_column());
    let inside = x0 >= 0 && x0 as usize + out.len() <= mosaic.width();
    if inside {
        for (o, &v) in out.iter_mut().zip(&row[x0 as usize - first..]) {
            *o = f32::from(v);
        }
    } else {
        for (i, o) in out.iter_mut().enumerate() {
            *o = f32::from(row[mirror(x0 + i as i64, mosaic.width()) - first]);
        }
    }
}

/// Which colours a row holds and with which it begins.
#[derive(Clone, Copy)]
struct Phase {
    /// The row's coloured sites are red (else blue).
    red_row: bool,
    /// Its first site is green.
    green_first: bool,
}

impl Phase {
    fn new(pattern: BayerPattern, x: i64, y: i64) -> Phase {
        let band = |x: i64| pattern.band(x.rem_euclid(2) as usize, y.rem_euclid(2) as usize);
        let coloured = if band(x) == Band::Green { band(x + 1) } else { band(x) };
        Phase { red_row: coloured == Band::Red, green_first: band(x) == Band::Green }
    }
}

#[allow(unsafe_code)] // The macro's call of a function compiled for AVX2, behind its run-time check.
mod kernel {
    use super::Phase;

    /// One row of colours from its own photosites and those above and below (one more on each side).
    #[multiversion::multiversion(targets("x86_64+avx2"))]
    pub(super) fn interpolate_row(
        above: &[f32],
        here: &[f32],
        below: &[f32],
        phase: Phase,
        out: &mut [[f32; 4]],
    ) {
        let n = out.len();
        let (above, here, below) = (&above[..n + 2], &here[..n + 2], &below[..n + 2]);
        let coloured_first = usize::from(phase.green_first);
        let (own, other) = if phase.red_row { (0, 2) } else { (2, 0) };
        for (i, p) in out.iter_mut().enumerate() {
            let beside = 0.5 * (here[i] + here[i + 2]);
            let vertical = 0.5 * (above[i + 1] + below[i + 1]);
            let corners = 0.25 * ((above[i] + above[i + 2]) + (below[i] + below[i + 2]));
            let centre = here[i + 1];
            let coloured = i % 2 == coloured_first;
            let (a, g, b) = if coloured {
                (centre, 0.5 * (beside + vertical), corners)
            } else {
                (beside, centre, vertical)
            };
            let mut colour = [0.0, g, 0.0, 0.0];
            colour[own] = a;
            colour[other] = b;
            *p = colour;
        }
    }
}
use kernel::interpolate_row;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mosaic::Mosaic;

    const PATTERNS: [BayerPattern; 4] =
        [BayerPattern::Rggb, BayerPattern::Bggr, BayerPattern::Grbg, BayerPattern::Gbrg];

    /// A plane in each colour is reproduced exactly inside; at odd offsets of the box too.
    #[test]
    fn planes_stay_planes() {
        let truth = |b: usize, x: f32, y: f32| {
            [100.0, 300.0, 700.0][b] + [2.0, 1.0, 4.0][b] * x + [6.0, 2.0, 0.0][b] * y
        };
        for pattern in PATTERNS {
            let pixels = (0..40 * 40)
                .map(|i| truth(pattern.band(i % 40, i / 40).index(), (i % 40) as f32, (i / 40) as f32) as u16)
                .collect();
            let mosaic = Mosaic::new(40, 40, pattern, pixels).expect("shape");
            let mut colours = ColourBox::default();
            for (x0, y0) in [(1, 1), (2, 1), (3, 4), (4, 2)] {
                colours.fill(&Window::whole(&mosaic), &Defects::none(), (x0, 39), (y0, 39));
                for j in 0..colours.height {
                    for i in 0..colours.width {
                        let p = colours.pixels[j * colours.width + i];
                        for (b, value) in p[..3].iter().enumerate() {
                            let want = truth(b, (x0 as usize + i) as f32, (y0 as usize + j) as f32);
                            assert!(
                                (value - want).abs() < 1e-3,
                                "{pattern} at {i},{j} band {b}: {value} not {want}"
                            );
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn beyond_the_rim_a_flat_field_goes_on_in_its_colours() {
        for pattern in PATTERNS {
            let pixels = (0..40 * 40).map(|i| [10, 20, 30][pattern.band(i % 40, i / 40).index()]).collect();
            let mosaic = Mosaic::new(40, 40, pattern, pixels).expect("shape");
            let mut colours = ColourBox::default();
            colours.fill(&Window::whole(&mosaic), &Defects::none(), (-3, 43), (-3, 43));
            assert!(colours.pixels.iter().all(|p| p[..3] == [10.0, 20.0, 30.0]), "{pattern}");
        }
    }
}
