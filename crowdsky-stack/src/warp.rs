//! Pixels of a frame at the places of the output's pixels: bicubic, and only where the frame has them.

use crate::debayer::ColourBox;
use crate::transform::Transform;

/// Keys' cubic convolution kernel with a = -1/2 (Keys 1981, IEEE ASSP 29, 1153), also known as Catmull-Rom:
/// exact for quadratics. Weights of the four samples around a point `t` after the second, by Horner's scheme.
#[inline(always)]
fn cubic(t: f32) -> [f32; 4] {
    [
        t * (-0.5 + t * (1.0 - 0.5 * t)),
        1.0 + t * t * (-2.5 + 1.5 * t),
        t * (0.5 + t * (2.0 - 1.5 * t)),
        t * t * (-0.5 + 0.5 * t),
    ]
}

/// Places along one output row, in coordinates of a [`ColourBox`].
#[derive(Debug, Clone, Copy)]
pub(crate) struct Line {
    pub(crate) u: f32,
    pub(crate) v: f32,
    pub(crate) du: f32,
    pub(crate) dv: f32,
}

#[allow(unsafe_code)] // The macro's call of a function compiled for AVX2, behind its run-time check.
mod kernel {
    use super::{ColourBox, Line, cubic};

    /// Places prepared at a time.
    const RUN: usize = 64;

    /// Samples `colours` at the places of `line`. Weights are prepared for a run of places, eight at once; then, for each
    /// place, the four rows are added up, 16 floats wide, and the four columns of that. All four floats of a pixel are
    /// computed and kept, though one is idle: so the compiler sees whole vectors (with three it falls back to single
    /// floats, 2.5 times slower). No closures: they would not be compiled for AVX2.
    #[multiversion::multiversion(targets("x86_64+avx2"))]
    pub(crate) fn sample_line(colours: &ColourBox, line: Line, out: &mut [[f32; 4]]) {
        let stride = colours.width;
        // The box has two pixels to spare on every side; the clamp only guards rounding.
        let (max_x, max_y) = (colours.width as i32 - 3, colours.height as i32 - 3);
        let (mut wx, mut wy) = ([[0.0f32; RUN]; 4], [[0.0f32; RUN]; 4]);
        let mut start = [0i32; RUN];
        for (run, out) in out.chunks_mut(RUN).enumerate() {
            let first = (run * RUN) as i32;
            for i in 0..RUN {
                let step = (first + i as i32) as f32;
                let (u, v) = (line.u + step * line.du, line.v + step * line.dv);
                let (x, y) = ((u as i32).min(max_x).max(1), (v as i32).min(max_y).max(1));
                let (cx, cy) = (cubic(u - x as f32), cubic(v - y as f32));
                for k in 0..4 {
                    wx[k][i] = cx[k];
                    wy[k][i] = cy[k];
                }
                start[i] = (y - 1) * stride as i32 + x - 1;
            }
            for (i, colour) in out.iter_mut().enumerate() {
                let mut sum = [[0.0f32; 4]; 4];
                for (k, w) in wy.iter().enumerate() {
                    let row = &colours.pixels[start[i] as usize + k * stride..][..4];
                    for (s, p) in sum.iter_mut().zip(row) {
                        for c in 0..4 {
                            s[c] += w[i] * p[c];
                        }
                    }
                }
                let mut mean = [0.0f32; 4];
                for (s, w) in sum.iter().zip(&wx) {
                    for c in 0..4 {
                        mean[c] += w[i] * s[c];
                    }
                }
                *colour = mean;
            }
        }
    }
}
pub(crate) use kernel::sample_line;

/// The columns `start..end` of an output row of `count` pixels whose places lie within the frame (0 to side - 1).
///
/// `first` is the place of column 0, `step` that of each next column less the one before.
pub(crate) fn covered(
    first: (f64, f64),
    step: (f64, f64),
    count: usize,
    size: (usize, usize),
) -> (usize, usize) {
    let inside = |i: usize| {
        let (x, y) = (first.0 + i as f64 * step.0, first.1 + i as f64 * step.1);
        x >= 0.0 && y >= 0.0 && x <= (size.0 - 1) as f64 && y <= (size.1 - 1) as f64
    };
    // The frame is convex, so the columns are one run: where it begins and ends follows from the four sides.
    let (mut low, mut high) = (0.0f64, count as f64 - 1.0);
    for (p, d, side) in [(first.0, step.0, size.0), (first.1, step.1, size.1)] {
        let last = (side - 1) as f64;
        if d.abs() < 1e-12 {
            if p < 0.0 || p > last {
                return (0, 0);
            }
        } else {
            let (a, b) = (-p / d, (last - p) / d);
            low = low.max(a.min(b));
            high = high.min(a.max(b));
        }
    }
    if high < low - 1.0 {
        return (0, 0);
    }
    // Rounding may be off by one at either end: the test itself decides.
    let (mut start, mut end) =
        ((low.ceil() - 1.0).max(0.0) as usize, ((high.floor() + 2.0).max(0.0) as usize).min(count));
    while start < end && !inside(start) {
        start += 1;
    }
    while end > start && !inside(end - 1) {
        end -= 1;
    }
    (start, end)
}

/// The box of frame pixels that a rectangle of the output (`x0..x1`, `y0..y1`) needs, two to spare; `None` if it misses the frame.
pub(crate) fn source_box(
    to_frame: &Transform,
    xs: (usize, usize),
    ys: (usize, usize),
    size: (usize, usize),
) -> Option<[(i64, i64); 2]> {
    let mut low = (f64::INFINITY, f64::INFINITY);
    let mut high = (f64::NEG_INFINITY, f64::NEG_INFINITY);
    for x in [xs.0, xs.1 - 1] {
        for y in [ys.0, ys.1 - 1] {
            let (u, v) = to_frame.apply(x as f64, y as f64);
            low = (low.0.min(u), low.1.min(v));
            high = (high.0.max(u), high.1.max(v));
        }
    }
    let clip = |low: f64, high: f64, side: usize| {
        let (a, b) = (low.max(0.0), high.min((side - 1) as f64));
        (a <= b).then(|| (a.floor() as i64 - 2, b.ceil() as i64 + 3))
    };
    Some([clip(low.0, high.0, size.0)?, clip(low.1, high.1, size.1)?])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::defects::Defects;
    use crate::mosaic::Mosaic;
    use crowdsky_core::BayerPattern;
    use proptest::prelude::*;

    #[test]
    fn the_kernel_sums_to_one_and_keeps_quadratics() {
        for i in 0..=10 {
            let t = i as f32 / 10.0;
            let w = cubic(t);
            assert!((w.iter().sum::<f32>() - 1.0).abs() < 1e-6);
            let square: f32 = w.iter().enumerate().map(|(k, w)| w * (k as f32 - 1.0).powi(2)).sum();
            assert!((square - t * t).abs() < 1e-6);
        }
    }

    #[test]
    fn a_plane_is_sampled_exactly() {
        let plane = |x: f64, y: f64| 100.0 + 3.0 * x + 2.0 * y;
        let pixels = (0..48 * 48).map(|i| plane((i % 48) as f64, (i / 48) as f64) as u16).collect();
        let mosaic = Mosaic::new(48, 48, BayerPattern::Grbg, pixels).expect("shape");
        let to_frame = Transform::rigid(0.3, 12.3, 4.7);
        let [xs, ys] = source_box(&to_frame, (5, 25), (5, 25), (48, 48)).expect("inside");
        let mut colours = ColourBox::default();
        colours.fill(&crate::window::Window::whole(&mosaic), &Defects::none(), xs, ys);
        for y in 5..25 {
            let first = to_frame.apply(5.0, y as f64);
            let step = (to_frame.rows[0][0], to_frame.rows[1][0]);
            let mut out = [[0.0f32; 4]; 20];
            let line = Line {
                u: (first.0 - xs.0 as f64) as f32,
                v: (first.1 - ys.0 as f64) as f32,
                du: step.0 as f32,
                dv: step.1 as f32,
            };
            sample_line(&colours, line, &mut out);
            for (i, colour) in out.iter().enumerate() {
                let (x, v) = to_frame.apply(5.0 + i as f64, y as f64);
                for &plane_value in &colour[..3] {
                    assert!((f64::from(plane_value) - plane(x, v)).abs() < 0.02, "{x},{v}: {plane_value}");
                }
            }
        }
    }

    proptest! {
        #[test]
        fn coverage_is_what_a_pixel_by_pixel_test_says(angle in -3.2..3.2f64, dx in -80.0..80.0f64, dy in -80.0..80.0f64, y in 0usize..60) {
            let t = Transform::rigid(angle, dx, dy);
            let (size, count) = ((50, 60), 64);
            let first = t.apply(0.0, y as f64);
            let (start, end) = covered(first, (t.rows[0][0], t.rows[1][0]), count, size);
            for i in 0..count {
                let (x, v) = (first.0 + i as f64 * t.rows[0][0], first.1 + i as f64 * t.rows[1][0]);
                let inside = x >= 0.0 && v >= 0.0 && x <= 49.0 && v <= 59.0;
                prop_assert_eq!(inside, (start..end).contains(&i), "column {} at {},{}", i, x, v);
            }
        }
    }
}
