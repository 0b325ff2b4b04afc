//! Satellites among the stars: local maxima that lie on a line.
//!
//! A trail is a ridge, and noise gives it a maximum every few pixels: one bright satellite adds 200 of them, more than a
//! sparse field has stars.

use crate::grey::Candidate;

/// Angles of the coarse search; the lines are then fitted.
const ANGLES: usize = 180;
/// Width of a coarse strip, px: half a degree over half a frame of 2200 px diagonal.
const STRIP: f64 = 16.0;
/// Maxima of a trail lie this near its axis, px.
const NEAR: f64 = 3.0;
/// A line has at least so many, ...
const MIN_ON_LINE: usize = 12;
/// ... and so many times what a strip of its width holds by chance.
const EXCESS: f64 = 6.0;
/// Trails looked for in one frame.
const MAX_TRAILS: usize = 8;
/// Candidates that take part: trails bright enough to matter are among the brightest.
const MAX_CANDIDATES: usize = 1500;

/// Removes the candidates (brightest first, of a frame of `size` = width, height in px) that lie on the line of a trail.
pub(crate) fn remove_trails(candidates: &mut Vec<Candidate>, size: (usize, usize)) {
    let directions: Vec<(f64, f64)> =
        (0..ANGLES).map(|a| (a as f64 / ANGLES as f64 * std::f64::consts::PI).sin_cos()).collect();
    for _ in 0..MAX_TRAILS {
        let looked_at = candidates.len().min(MAX_CANDIDATES);
        if looked_at < MIN_ON_LINE {
            return;
        }
        let Some((normal, offset)) = strongest_line(&candidates[..looked_at], &directions, size) else {
            return;
        };
        candidates.retain(|c| (c.x * normal.0 + c.y * normal.1 - offset).abs() > NEAR);
    }
}

/// The line `x nx + y ny = offset` with most candidates, if they are too many for chance.
fn strongest_line(
    candidates: &[Candidate],
    directions: &[(f64, f64)],
    size: (usize, usize),
) -> Option<((f64, f64), f64)> {
    let diagonal = (size.0 as f64).hypot(size.1 as f64);
    let strips = (2.0 * diagonal / STRIP) as usize + 3;
    let mut best = (0u16, 0usize, 0usize);
    let mut counts = vec![0u16; strips];
    for (a, &(sin, cos)) in directions.iter().enumerate() {
        counts.fill(0);
        for c in candidates {
            let strip = ((c.x * cos + c.y * sin + diagonal) / STRIP) as usize;
            counts[strip] += 1;
        }
        // A line may run along the border of two strips.
        for (s, pair) in counts.windows(2).enumerate() {
            if pair[0] + pair[1] > best.0 {
                best = (pair[0] + pair[1], a, s);
            }
        }
    }
    let (sin, cos) = directions[best.1];
    let from = best.2 as f64 * STRIP - diagonal;
    let mut on_line: Vec<Candidate> = candidates
        .iter()
        .copied()
        .filter(|c| (from..from + 2.0 * STRIP).contains(&(c.x * cos + c.y * sin)))
        .collect();
    let mut line = ((cos, sin), from + STRIP);
    // Total least squares on those near it, closing in.
    for width in [STRIP, 8.0, NEAR, NEAR] {
        on_line.retain(|c| (c.x * line.0.0 + c.y * line.0.1 - line.1).abs() <= width);
        line = fit_line(&on_line)?;
    }
    let count =
        candidates.iter().filter(|c| (c.x * line.0.0 + c.y * line.0.1 - line.1).abs() <= NEAR).count();
    // A strip 2 NEAR wide along the diagonal holds at most this share of the frame.
    let by_chance = candidates.len() as f64 * 2.0 * NEAR * diagonal / (size.0 as f64 * size.1 as f64);
    (count >= MIN_ON_LINE && count as f64 > EXCESS * by_chance).then_some(line)
}

fn fit_line(points: &[Candidate]) -> Option<((f64, f64), f64)> {
    if points.len() < 3 {
        return None;
    }
    let n = points.len() as f64;
    let (mx, my) = (points.iter().map(|c| c.x).sum::<f64>() / n, points.iter().map(|c| c.y).sum::<f64>() / n);
    let (mut xx, mut xy, mut yy) = (0.0, 0.0, 0.0);
    for c in points {
        let (dx, dy) = (c.x - mx, c.y - my);
        xx += dx * dx;
        xy += dx * dy;
        yy += dy * dy;
    }
    // Direction of the largest spread; the normal is a quarter turn from it.
    let along = 0.5 * (2.0 * xy).atan2(xx - yy);
    let normal = (-along.sin(), along.cos());
    Some((normal, mx * normal.0 + my * normal.1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::matching::tests::random;

    fn at(x: f64, y: f64) -> Candidate {
        Candidate { x, y, significance: 10.0 }
    }

    #[test]
    fn two_trails_go_and_the_stars_stay() {
        for (seed, stars) in [(1, 40), (2, 300), (3, 1000)] {
            let mut r = random(seed);
            let field: Vec<Candidate> = (0..stars).map(|_| at(1080.0 * r(), 1920.0 * r())).collect();
            let mut all = field.clone();
            // About a maximum every 7 px, half a pixel off the axis.
            all.extend(
                (0..200).map(|i| at(5.0 * f64::from(i) + r(), 300.0 + 1.3 * 5.0 * f64::from(i) + r())),
            );
            all.extend(
                (0..150).map(|i| at(700.0 + r() - 0.02 * 7.0 * f64::from(i), 7.0 * f64::from(i) + r())),
            );
            remove_trails(&mut all, (1080, 1920));
            let kept = all.iter().filter(|c| field.iter().any(|f| f.x == c.x && f.y == c.y)).count();
            assert!(all.len() - kept <= 3, "{} of the trails' maxima stay", all.len() - kept);
            assert!(kept as f64 > 0.95 * f64::from(stars), "{kept} of {stars} stars stay");
        }
    }

    #[test]
    fn a_field_without_trails_loses_no_star() {
        for (seed, stars) in [(4, 8), (5, 60), (6, 400), (7, 1500)] {
            let mut r = random(seed);
            let mut field: Vec<Candidate> = (0..stars).map(|_| at(1080.0 * r(), 1920.0 * r())).collect();
            remove_trails(&mut field, (1080, 1920));
            assert_eq!(field.len(), stars as usize);
        }
    }
}
