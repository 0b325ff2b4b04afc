//! A picture to look at.

use crate::background::plane_cells;
use crate::error::Error;
use crate::files::write_atomically;
use crate::levels::{robust_surface, terms, unit};
use crate::stack::Stack;
use crate::statistics::median;
use ndarray::Array2;
use std::path::Path;

/// An 8-bit picture, red, green, blue for each pixel, rows from top to bottom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Preview {
    /// Columns.
    pub width: usize,
    /// Rows.
    pub height: usize,
    /// `width * height * 3` bytes.
    pub rgb: Vec<u8>,
}

/// Where the sky lies in the picture, of 1: dark, but not black.
const SKY: f64 = 0.12;
/// How far the sky's noise may spread about that, of 1.
const NOISE: f64 = 0.03;

/// Stretches `stack` for the eye: sky neutral and dark, faint light lifted by an inverse hyperbolic sine, star cores short
/// of white so that colours stay (the stretch of Lupton et al. 2004, PASP 116, 133: all bands by the factor of their mean).
#[must_use]
pub fn render(stack: &Stack) -> Preview {
    let planes = stack.shared_planes();
    let (height, width) = planes[0].dim();
    let sky = crate::parallel::map(3, |b| Sky::measure(&planes[b]));
    let gain = star_balance(stack);
    // Noise of the mean of the three balanced bands.
    let noise = (0..3).map(|b| (gain[b] * sky[b].noise).powi(2)).sum::<f64>().sqrt() / 3.0;
    let mut levels: Vec<f64> = (0..height * width)
        .step_by(7)
        .filter_map(|i| {
            let at = (i / width, i % width);
            let v = (0..3).map(|b| gain[b] * (f64::from(planes[b][at]) - sky[b].at(at.1, at.0))).sum::<f64>()
                / 3.0;
            v.is_finite().then_some(v)
        })
        .collect();
    levels.sort_by(f64::total_cmp);
    // All but the cores of the brightest stars stay below white.
    let white = levels
        .get((levels.len() as f64 * 0.9997) as usize)
        .copied()
        .unwrap_or(1.0)
        .max(50.0 * noise.max(1e-6));
    let soft = softening(noise.max(1e-6), white);
    let scale = (1.0 - SKY) / (white / soft).asinh();
    let rows = crate::parallel::map(height, |y| {
        let mut row = Vec::with_capacity(3 * width);
        for x in 0..width {
            let v: [f64; 3] =
                std::array::from_fn(|b| gain[b] * (f64::from(planes[b][(y, x)]) - sky[b].at(x, y)));
            let mean = (v[0] + v[1] + v[2]) / 3.0;
            if !mean.is_finite() {
                row.extend([0u8; 3]);
                continue;
            }
            // One factor for all bands keeps the colour; near the sky it tends to the slope at zero.
            let factor = if mean.abs() > 1e-9 { scale * (mean / soft).asinh() / mean } else { scale / soft };
            let mut c = v.map(|v| SKY + v * factor);
            // A core beyond white is dimmed as a whole, towards white by half: it glows, and keeps its tint.
            let top = c.iter().copied().fold(0.0, f64::max);
            if top > 1.0 {
                c = c.map(|v| 0.5 * (v / top) + 0.5 * v.min(1.0));
            }
            row.extend(c.map(|v| (255.0 * v.clamp(0.0, 1.0)).round() as u8));
        }
        row
    });
    Preview { width, height, rgb: rows.concat() }
}

/// The sky of a plane: a quadratic surface through the medians of its cells, and the noise about it.
///
/// Moonlight and street lamps make gradients of ten times the stack's noise; what is smaller than the frame stays.
struct Sky {
    surface: [f64; 6],
    noise: f64,
    size: (f64, f64),
}

/// Side of a cell, px.
const CELL: usize = 48;

impl Sky {
    fn measure(plane: &Array2<f32>) -> Sky {
        let (height, width) = plane.dim();
        let size = (width as f64, height as f64);
        let (mut cells, mut spreads) = (Vec::new(), Vec::new());
        let columns = width.div_ceil(CELL);
        // Planes are made in standard layout.
        let measured = plane.as_slice().map(|plane| plane_cells(plane, width, CELL)).unwrap_or_default();
        for (at, cell) in measured.into_iter().enumerate() {
            let Some((level, spread)) = cell else { continue };
            let centre = |i: usize, side: usize| 0.5 * (i * CELL + ((i + 1) * CELL).min(side)) as f64 - 0.5;
            let (cx, cy) = (centre(at % columns, width), centre(at / columns, height));
            cells.push((terms(unit(cx, size.0), unit(cy, size.1)), level));
            spreads.push(spread);
        }
        let surface = robust_surface(&cells).unwrap_or_default();
        Sky { surface, noise: median(&mut spreads).unwrap_or(1.0), size }
    }

    fn at(&self, x: usize, y: usize) -> f64 {
        let t = terms(unit(x as f64, self.size.0), unit(y as f64, self.size.1));
        self.surface.iter().zip(t).map(|(c, t)| c * t).sum()
    }
}

/// The softening that spreads the noise to [`NOISE`] of the range, by bisection: smaller lifts the faint more.
fn softening(noise: f64, white: f64) -> f64 {
    let spread = |soft: f64| (1.0 - SKY) * (noise / soft).asinh() / (white / soft).asinh();
    let (mut low, mut high) = (0.01 * noise, white);
    for _ in 0..60 {
        let middle = (low * high).sqrt();
        if spread(middle) > NOISE { low = middle } else { high = middle }
    }
    high
}

/// Gains of the bands that make the median star white; 1 where fewer than ten stars can tell.
fn star_balance(stack: &Stack) -> [f64; 3] {
    let clear: Vec<_> = stack
        .stars
        .iter()
        .filter(|s| s.snr > 30.0 && s.flag == 0 && s.flux_r > 0.0 && s.flux_g > 0.0 && s.flux_b > 0.0)
        .collect();
    if clear.len() < 10 {
        return [1.0; 3];
    }
    let ratio = |get: fn(&crate::StackStar) -> f64| {
        median(&mut clear.iter().map(|s| s.flux_g / get(s)).collect::<Vec<_>>())
            .unwrap_or(1.0)
            .clamp(0.4, 2.5)
    };
    [ratio(|s| s.flux_r), 1.0, ratio(|s| s.flux_b)]
}

/// Writes the preview of `stack` as PNG, atomically.
///
/// # Errors
/// [`Error::Exists`], [`Error::Io`], [`Error::Png`].
pub fn write_png(stack: &Stack, path: &Path, overwrite: bool) -> Result<(), Error> {
    render(stack).write_png(path, overwrite)
}

impl Preview {
    /// Writes the picture as PNG, atomically.
    ///
    /// # Errors
    /// [`Error::Exists`], [`Error::Io`], [`Error::Png`].
    pub fn write_png(&self, path: &Path, overwrite: bool) -> Result<(), Error> {
        write_atomically(path, overwrite, |file| {
            let failed = |source: png::EncodingError| match source {
                png::EncodingError::IoError(source) => Error::Io { path: path.to_path_buf(), source },
                source => Error::Png { path: path.to_path_buf(), source },
            };
            let mut encoder = png::Encoder::new(file, self.width as u32, self.height as u32);
            encoder.set_color(png::ColorType::Rgb);
            encoder.set_depth(png::BitDepth::Eight);
            // A tenth of the time of the default for a file 5 % larger.
            encoder.set_compression(png::Compression::Fast);
            let mut writer = encoder.write_header().map_err(failed)?;
            writer.write_image_data(&self.rgb).map_err(failed)?;
            writer.finish().map_err(failed)
        })
    }
}
