//! Rotations proposed by triangles of neighbouring stars that look alike in both frames.

use crate::stars::Star;

/// A triangle, its corners ordered by the length of the opposite side.
struct Triangle {
    /// Longest side, px.
    longest: f64,
    /// Middle and shortest side over the longest.
    shape: [f64; 2],
    /// Orientation of the corners (mirror images are no match).
    clockwise: bool,
    /// Direction of the longest side, radians.
    direction: f64,
}

/// Neighbours each star forms triangles with.
const NEIGHBOURS: usize = 5;
/// Relative tolerance of a shape: 0.3 px on a side of 100.
const TOLERANCE: f64 = 0.006;
/// Votes are counted in bins of half a degree.
const BINS: usize = 720;
/// How many rotations to propose.
const PROPOSALS: usize = 6;

/// Up to six rotations (radians) from `from` to `to`, the most often seen first.
pub(super) fn rotations(from: &[Star], to: &[Star]) -> Vec<f64> {
    let (mut a, b) = (triangles(from), triangles(to));
    a.sort_by(|p, q| p.longest.total_cmp(&q.longest));
    let mut votes = vec![0u32; BINS];
    let turn = std::f64::consts::TAU;
    for t in &b {
        // One scale for all frames: a triangle keeps its size to 0.5 % and a pixel.
        let slack = 0.005 * t.longest + 1.0;
        let first = a.partition_point(|p| p.longest < t.longest - slack);
        for p in a[first..].iter().take_while(|p| p.longest <= t.longest + slack) {
            let alike = (0..2).all(|k| (p.shape[k] - t.shape[k]).abs() < TOLERANCE + 0.6 / t.longest);
            if alike && p.clockwise == t.clockwise {
                let angle = (t.direction - p.direction).rem_euclid(turn);
                votes[((angle / turn * BINS as f64) as usize).min(BINS - 1)] += 1;
            }
        }
    }
    // A rotation near a bin's edge is shared with the next one: count pairs of bins.
    let mut pairs: Vec<(u32, usize)> =
        (0..BINS).map(|i| (votes[i] + votes[(i + 1) % BINS], i)).filter(|p| p.0 > 1).collect();
    pairs.sort_by(|p, q| q.0.cmp(&p.0).then(p.1.cmp(&q.1)));
    pairs.iter().take(PROPOSALS).map(|p| (p.1 as f64 + 1.0) / BINS as f64 * turn).collect()
}

fn triangles(stars: &[Star]) -> Vec<Triangle> {
    let mut out = Vec::new();
    for (i, s) in stars.iter().enumerate() {
        let mut near: Vec<(f64, usize)> = stars
            .iter()
            .enumerate()
            .filter(|&(j, _)| j != i)
            .map(|(j, o)| ((o.x - s.x).powi(2) + (o.y - s.y).powi(2), j))
            .collect();
        near.sort_by(|p, q| p.0.total_cmp(&q.0).then(p.1.cmp(&q.1)));
        near.truncate(NEIGHBOURS);
        for (k, &(_, j)) in near.iter().enumerate() {
            for &(_, l) in &near[k + 1..] {
                out.extend(triangle([s, &stars[j], &stars[l]]));
            }
        }
    }
    out
}

fn triangle(corners: [&Star; 3]) -> Option<Triangle> {
    // Side k is opposite to corner k.
    let mut sides: Vec<(f64, usize)> = (0..3)
        .map(|k| {
            let (p, q) = (corners[(k + 1) % 3], corners[(k + 2) % 3]);
            ((p.x - q.x).hypot(p.y - q.y), k)
        })
        .collect();
    sides.sort_by(|p, q| q.0.total_cmp(&p.0).then(p.1.cmp(&q.1)));
    let longest = sides[0].0;
    // Small triangles have no shape: 0.3 px on 30 is a percent. Nearly equal sides have no order.
    if longest < 30.0 || sides[1].0 > 0.985 * longest || sides[2].0 > 0.97 * sides[1].0 {
        return None;
    }
    let [a, b, c] = [0, 1, 2].map(|k| corners[sides[k].1]);
    let cross = (b.x - a.x) * (c.y - a.y) - (b.y - a.y) * (c.x - a.x);
    Some(Triangle {
        longest,
        shape: [sides[1].0 / longest, sides[2].0 / longest],
        clockwise: cross < 0.0,
        // From the corner opposite the middle side to the one opposite the shortest: the two ends of the longest.
        direction: (c.y - b.y).atan2(c.x - b.x),
    })
}
