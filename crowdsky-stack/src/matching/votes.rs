//! At a given rotation, the shift that most pairs of stars agree on.

use crate::stars::Star;
use crate::transform::Transform;

/// Side of a bin, px. Two bins (the window that is counted) hold an angle error of 0.1 degree over half a frame (1.9 px)
/// and the centroid errors, whatever the phase.
const BIN: f64 = 6.0;

/// A two-dimensional histogram of shifts, kept between calls and cleared by touch.
#[derive(Debug)]
pub(super) struct Votes {
    centre: (f64, f64),
    side: usize,
    counts: Vec<u8>,
    touched: Vec<u32>,
}

impl Votes {
    pub(super) fn new(size: (usize, usize)) -> Votes {
        // Shifts between two frames that overlap: up to a diagonal either way.
        let reach = (size.0 as f64).hypot(size.1 as f64);
        let side = (2.0 * reach / BIN) as usize + 4;
        Votes {
            centre: (0.5 * (size.0 as f64 - 1.0), 0.5 * (size.1 as f64 - 1.0)),
            side,
            counts: vec![0; side * side],
            touched: Vec::new(),
        }
    }

    /// The number of votes for the best shift at rotation `angle`, and the map with it; `None` below 3 votes.
    pub(super) fn shift(&mut self, from: &[Star], to: &[Star], angle: f64) -> Option<(u32, Transform)> {
        let (sin, cos) = angle.sin_cos();
        let half = self.side as f64 * 0.5;
        for &t in &self.touched {
            self.counts[t as usize] = 0;
        }
        self.touched.clear();
        for f in from {
            let (x, y) = (f.x - self.centre.0, f.y - self.centre.1);
            let (rx, ry) = (cos * x - sin * y + self.centre.0, sin * x + cos * y + self.centre.1);
            for t in to {
                let (u, v) = ((t.x - rx) / BIN + half, (t.y - ry) / BIN + half);
                if u >= 1.0 && v >= 1.0 && u < self.side as f64 - 2.0 && v < self.side as f64 - 2.0 {
                    let bin = v as usize * self.side + u as usize;
                    self.counts[bin] = self.counts[bin].saturating_add(1);
                    self.touched.push(bin as u32);
                }
            }
        }
        // A true shift may straddle bins: the best window of 2 x 2 that starts at, left of, above or before a touched bin.
        let window = |b: usize| {
            let c = &self.counts;
            u32::from(c[b])
                + u32::from(c[b + 1])
                + u32::from(c[b + self.side])
                + u32::from(c[b + self.side + 1])
        };
        let mut best = (2, usize::MAX);
        for &t in &self.touched {
            // Alone in its bin and outvoted by chance pairs: cannot win.
            let t = t as usize;
            for b in [t, t - 1, t - self.side, t - self.side - 1] {
                let votes = window(b);
                if votes > best.0 || (votes == best.0 && b < best.1 && best.1 != usize::MAX) {
                    best = (votes, b);
                }
            }
        }
        if best.1 == usize::MAX {
            return None;
        }
        let shift = |bin: usize| (bin as f64 + 1.0 - half) * BIN;
        let (dx, dy) = (shift(best.1 % self.side), shift(best.1 / self.side));
        // Rotate about the centre, then shift.
        let (cx, cy) = self.centre;
        let transform = Transform::rigid(angle, cx - cos * cx + sin * cy + dx, cy - sin * cx - cos * cy + dy);
        Some((best.0, transform))
    }
}
