//! A small picture for galleries: each band stretched linearly between two percentiles.

use crate::preview::Preview;
use crate::stack::Stack;
use ndarray::Array2;

/// Percentiles that become black and white.
const BLACK_WHITE: (f64, f64) = (0.01, 0.995);

/// `stack` with at most `longest` pixels on its longer side, every band stretched linearly from its 1st percentile (black) to
/// its 99.5th (white). What no frame covers is black. Pixels are means of those of the stack, so faint light stays.
///
/// # Panics
/// Never; a `longest` of 0 is taken as 1.
#[must_use]
pub fn render(stack: &Stack, longest: usize) -> Preview {
    let (height, width) = stack.planes[0].dim();
    let step = width.max(height).div_ceil(longest.max(1)).max(1);
    let bands: Vec<(usize, usize, Vec<f32>)> =
        stack.shared_planes().iter().map(|plane| shrunk(plane, step)).collect();
    let (small_width, small_height) = (bands[0].0, bands[0].1);
    let mut rgb = vec![0; 3 * small_width * small_height];
    for (band, (_, _, values)) in bands.iter().enumerate() {
        let (black, white) = percentiles(values);
        let scale = 255.0 / f64::from(white - black).max(1e-6);
        for (pixel, value) in values.iter().enumerate() {
            let level = f64::from(value - black) * scale;
            rgb[3 * pixel + band] = if level.is_finite() { level.round().clamp(0.0, 255.0) as u8 } else { 0 };
        }
    }
    Preview { width: small_width, height: small_height, rgb }
}

/// Means of squares of `step` pixels; NaN where a square has none.
fn shrunk(plane: &Array2<f32>, step: usize) -> (usize, usize, Vec<f32>) {
    let (height, width) = plane.dim();
    let (small_width, small_height) = (width.div_ceil(step), height.div_ceil(step));
    let mut means = Vec::with_capacity(small_width * small_height);
    for top in (0..height).step_by(step) {
        for left in (0..width).step_by(step) {
            let (mut sum, mut n) = (0.0, 0u32);
            for y in top..(top + step).min(height) {
                for x in left..(left + step).min(width) {
                    let value = f64::from(plane[(y, x)]);
                    if value.is_finite() {
                        (sum, n) = (sum + value, n + 1);
                    }
                }
            }
            means.push(if n == 0 { f32::NAN } else { (sum / f64::from(n)) as f32 });
        }
    }
    (small_width, small_height, means)
}

fn percentiles(values: &[f32]) -> (f32, f32) {
    let mut sorted: Vec<f32> = values.iter().copied().filter(|value| value.is_finite()).collect();
    sorted.sort_by(f32::total_cmp);
    let at = |part: f64| sorted.get((part * sorted.len().saturating_sub(1) as f64).round() as usize).copied();
    (at(BLACK_WHITE.0).unwrap_or(0.0), at(BLACK_WHITE.1).unwrap_or(1.0))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn squares_are_averaged_and_holes_left_out() {
        let plane =
            Array2::from_shape_vec((2, 3), vec![1.0, 3.0, f32::NAN, 5.0, f32::NAN, f32::NAN]).unwrap();
        let (width, height, means) = shrunk(&plane, 2);
        assert_eq!((width, height, means[0]), (2, 1, 3.0));
        assert!(means[1].is_nan());
    }

    #[test]
    fn one_and_ninety_nine_and_a_half_percent() {
        let values: Vec<f32> = (0..=1000).map(|v| v as f32).collect();
        assert_eq!(percentiles(&values), (10.0, 995.0));
        assert_eq!(percentiles(&[f32::NAN]), (0.0, 1.0));
    }
}
