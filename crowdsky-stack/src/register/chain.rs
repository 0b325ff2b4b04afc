//! From frame to frame to the reference.

use crate::matching::{Match, match_blind, match_near};
use crate::parallel;
use crate::stars::Detection;
use crate::transform::Transform;

/// How the frames hang together: for each, its map to the reference, or `None`.
#[derive(Debug, Clone)]
pub(crate) struct Links {
    pub(crate) reference: usize,
    pub(crate) transforms: Vec<Option<Transform>>,
}

impl Links {
    pub(crate) fn count(&self) -> usize {
        self.transforms.iter().flatten().count()
    }
}

/// Reference frames tried before the largest family found so far is taken.
const ATTEMPTS: usize = 5;

/// Links the frames (in time order, all of `size` = width, height in px) to one of them.
///
/// `preferred` is the reference if most frames match it; where they do not (it is cloudy, or of another field), others
/// are tried, nearest first, and the one with the largest family wins. `fixed` allows no other. `forecast[k]` is the
/// field rotation of frame k against frame 0 that the site and time foretell, radians, or 0. `known[k]` is the map of a frame
/// that was matched to `preferred` before; such frames are not matched again.
pub(crate) fn chain(
    frames: &[&Detection],
    size: (usize, usize),
    preferred: usize,
    fixed: bool,
    forecast: &[f64],
    known: &[Option<Transform>],
) -> Links {
    let n = frames.len();
    let mut tried: Vec<Links> = Vec::new();
    let mut order: Vec<usize> = (0..n).collect();
    // Nearest first; of two equally near, the earlier.
    order.sort_by_key(|&k| (k.abs_diff(preferred), k));
    for reference in order {
        // Once in a family that was found, a frame would only find the same family again.
        if tried.iter().any(|l| l.transforms[reference].is_some()) {
            continue;
        }
        let known = if reference == preferred { known } else { &[] };
        let links = family(frames, size, reference, forecast, known);
        // A majority cannot be beaten.
        let done = fixed || 2 * links.count() > n;
        tried.push(links);
        if done || tried.len() == ATTEMPTS {
            break;
        }
    }
    let largest = tried.into_iter().reduce(|best, l| if l.count() > best.count() { l } else { best });
    largest.unwrap_or(Links { reference: preferred, transforms: vec![None; n] })
}

/// All frames that can be linked to `reference`, directly or through others.
fn family(
    frames: &[&Detection],
    size: (usize, usize),
    reference: usize,
    forecast: &[f64],
    known: &[Option<Transform>],
) -> Links {
    let n = frames.len();
    let mut transforms = known.to_vec();
    transforms.resize(n, None);
    transforms[reference] = Some(Transform::IDENTITY);
    let stars = |k: usize| &frames[k].stars[..];
    let half_turn = std::f64::consts::PI;

    // 1. Everyone against the reference, at the rotations one expects: none, and what an alt-azimuth mount does (the sense
    //    depends on how the camera is mounted).
    let direct = parallel::map(n, |k| {
        let turn = forecast[k] - forecast[reference];
        let priors: &[f64] = if turn.abs() > 0.5_f64.to_radians() { &[0.0, turn, -turn] } else { &[0.0] };
        if known.get(k).is_some_and(Option::is_some) || k == reference {
            return None;
        }
        match_near(stars(k), stars(reference), size, priors)
    });
    take(&mut transforms, direct, |_| reference);
    loop {
        // 2. The rest against the linked frame nearest in time, until a round links no more. Neighbours differ little
        //    from each other where the reference is far; half a turn is a meridian flip.
        loop {
            let nearest: Vec<Option<usize>> = (0..n)
                .map(|k| if transforms[k].is_some() { None } else { nearest_linked(&transforms, k) })
                .collect();
            let round =
                parallel::map(n, |k| match_near(stars(k), stars(nearest[k]?), size, &[0.0, half_turn]));
            if take(&mut transforms, round, |k| nearest[k].unwrap_or(reference)) == 0 {
                break;
            }
        }
        // 3. What is left against the reference at any rotation; if that links new frames, their neighbours get a chance.
        let open: Vec<bool> = transforms.iter().map(Option::is_none).collect();
        let blind =
            parallel::map(n, |k| if open[k] { match_blind(stars(k), stars(reference), size) } else { None });
        if take(&mut transforms, blind, |_| reference) == 0 {
            break;
        }
    }
    Links { reference, transforms }
}

/// Enters new matches, each found against frame `partner(k)`; returns how many.
fn take(
    transforms: &mut [Option<Transform>],
    found: Vec<Option<Match>>,
    partner: impl Fn(usize) -> usize,
) -> usize {
    let before = transforms.to_vec();
    let mut new = 0;
    for (k, m) in found.into_iter().enumerate() {
        if let (None, Some(m), Some(base)) = (before[k], m, before[partner(k)]) {
            transforms[k] = Some(m.transform.then(&base));
            new += 1;
        }
    }
    new
}

fn nearest_linked(transforms: &[Option<Transform>], k: usize) -> Option<usize> {
    (1..transforms.len()).find_map(|d| {
        let linked = |j: usize| transforms.get(j).is_some_and(Option::is_some).then_some(j);
        k.checked_sub(d).and_then(linked).or_else(|| linked(k + d))
    })
}
