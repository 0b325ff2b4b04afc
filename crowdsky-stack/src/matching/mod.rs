//! Which star of one frame is which star of another, or that they share none.
//!
//! 1. Rotations that are likely ([`match_stars`]'s `priors`) are tried first: the shift is voted for by all pairs of stars ([`votes`]).
//! 2. Then rotations that [`asterisms`] propose: triangles that look alike in both frames.
//! 3. Then every rotation there is, in steps of a quarter of a degree.
//!
//! A hypothesis becomes a match only if so many stars agree that chance would have needed a million tries ([`chance`]).

mod asterisms;
mod chance;
mod votes;

use crate::stars::Star;
use crate::statistics::median;
use crate::transform::{Model, Pair, Transform};
use votes::Votes;

pub(crate) use chance::MIN_MATCHES;

/// How two frames hang together.
#[derive(Debug, Clone)]
pub struct Match {
    /// Pixel of the first frame to pixel of the second.
    pub transform: Transform,
    /// Indices of the same star in the first and second list.
    pub pairs: Vec<(usize, usize)>,
}

/// Stars that vote: more add chance pairs quadratically and true ones linearly.
const VOTERS: usize = 70;
/// Stars that confirm.
const WITNESSES: usize = 150;
/// Final matching radius, px: 10 sigma of a star at S/N 5, and what 0.2 degrees of error leave 860 px from the centre.
const RADIUS: f64 = 3.0;
/// A star keeps its brightness, against the other stars, to this factor (variables, blends, edges of clouds).
const MAX_BRIGHTNESS_RATIO: f64 = 2.5;
/// Telescopes of one kind differ by less; a chance match by more.
const SCALE_TOLERANCE: f64 = 0.005;

/// Finds the rigid map from `from` to `to` (lists brightest first, frames of `size` = width, height in px), or `None`.
///
/// `priors` are likely rotations in radians, the likeliest first; each is tried with 1 degree around it, then every other
/// rotation. Unrelated fields are told apart from a match with a chance of error below one in a million a call.
#[must_use]
pub fn match_stars(from: &[Star], to: &[Star], size: (usize, usize), priors: &[f64]) -> Option<Match> {
    match_near(from, to, size, priors).or_else(|| match_blind(from, to, size))
}

/// Tries the rotations within 1 degree of each prior (radians) only: 0.1 to 1 ms.
pub(crate) fn match_near(from: &[Star], to: &[Star], size: (usize, usize), priors: &[f64]) -> Option<Match> {
    let mut search = Search::new(from, to, size)?;
    for &prior in priors {
        // Nearest angles first: neighbours in time differ by 0.06 degrees a frame, a wrong forecast by up to 1.
        for step in 0..=10 {
            let offset = f64::from(step) * 0.1_f64.to_radians();
            search.try_angle(prior + offset);
            if step > 0 {
                search.try_angle(prior - offset);
            }
            if let Some(found) = search.confirm_best() {
                return Some(found);
            }
        }
    }
    None
}

/// Tries what asterisms propose, then every rotation: about 60 ms where nothing matches.
pub(crate) fn match_blind(from: &[Star], to: &[Star], size: (usize, usize)) -> Option<Match> {
    let mut search = Search::new(from, to, size)?;
    for angle in asterisms::rotations(&from[..from.len().min(40)], &to[..to.len().min(40)]) {
        for step in -5..=5 {
            search.try_angle(angle + f64::from(step) * 0.1_f64.to_radians());
        }
        if let Some(found) = search.confirm_best() {
            return Some(found);
        }
    }
    for step in 0..1440 {
        search.try_angle(f64::from(step) * 0.25_f64.to_radians());
    }
    search.confirm_best()
}

/// One shift that several pairs of stars voted for.
#[derive(Debug, Clone, Copy)]
struct Hypothesis {
    votes: u32,
    transform: Transform,
}

struct Search<'a> {
    from: &'a [Star],
    to: &'a [Star],
    grid: StarGrid,
    votes: Votes,
    size: (usize, usize),
    /// Rotations tried so far, for the chance of a false match.
    angles: f64,
    best: Vec<Hypothesis>,
}

impl<'a> Search<'a> {
    /// `None` where there are too few stars for any conclusion.
    fn new(from: &'a [Star], to: &'a [Star], size: (usize, usize)) -> Option<Self> {
        if from.len() < MIN_MATCHES || to.len() < MIN_MATCHES {
            return None;
        }
        let (from, to) = (&from[..from.len().min(WITNESSES)], &to[..to.len().min(WITNESSES)]);
        let grid = StarGrid::new(to.iter().map(|s| (s.x, s.y)));
        Some(Search { from, to, grid, votes: Votes::new(size), size, angles: 0.0, best: Vec::new() })
    }

    /// Lets all pairs vote for the shift at this rotation and remembers the winner if it is among the best.
    fn try_angle(&mut self, angle: f64) {
        self.angles += 1.0;
        let (from, to) = (&self.from[..self.from.len().min(VOTERS)], &self.to[..self.to.len().min(VOTERS)]);
        if let Some((votes, transform)) = self.votes.shift(from, to, angle) {
            self.best.push(Hypothesis { votes, transform });
        }
    }

    /// Confirms the hypotheses with most votes; the rest are dropped.
    fn confirm_best(&mut self) -> Option<Match> {
        // The true rotation may come second to a lucky shift, hardly ever 13th.
        const CONFIRMED: usize = 12;
        let mut best = std::mem::take(&mut self.best);
        best.sort_by_key(|h| std::cmp::Reverse(h.votes));
        best.iter().take(CONFIRMED).find_map(|h| self.confirm(h.transform))
    }

    /// Refines a hypothesis on the stars that agree and asks whether chance could have done it.
    fn confirm(&self, start: Transform) -> Option<Match> {
        let mut transform = start;
        let mut pairs: Vec<(usize, usize)> = Vec::new();
        // From the vote's bin (12 px and 0.1 degree off) down to the final radius, then on while more stars agree: a rotation
        // 1.5 degrees off holds 110 px about the common centre, and each round widens that.
        let radii = [12.0, 8.0, 5.0].into_iter().chain(std::iter::repeat_n(RADIUS, 30));
        for (round, radius) in radii.enumerate() {
            let found = self.pairs(&transform, radius);
            let settled = round > 4 && found.len() <= pairs.len();
            pairs = found;
            if settled {
                break;
            }
            transform = self.fit(Model::Rigid, &pairs)?;
        }
        let inside = self.from.iter().filter(|s| self.contains(&transform, s)).count();
        let shifts = 4.0 * self.size.0 as f64 * self.size.1 as f64 / (std::f64::consts::PI * RADIUS * RADIUS);
        let expected = chance::expected_matches(inside, self.to.len(), RADIUS, self.size);
        if !chance::is_significant(pairs.len(), expected, self.angles * shifts) {
            return None;
        }
        let scale = self.fit(Model::Similarity, &pairs)?.scale();
        ((scale - 1.0).abs() <= SCALE_TOLERANCE).then_some(Match { transform, pairs })
    }

    fn fit(&self, model: Model, pairs: &[(usize, usize)]) -> Option<Transform> {
        let pairs: Vec<Pair> = pairs.iter().map(|&(i, j)| pair(&self.from[i], &self.to[j])).collect();
        Transform::fit(model, &pairs)
    }

    fn contains(&self, t: &Transform, s: &Star) -> bool {
        let (x, y) = t.apply(s.x, s.y);
        x >= 0.0 && y >= 0.0 && x < self.size.0 as f64 && y < self.size.1 as f64
    }

    /// Mutual nearest neighbours within `radius` whose brightness agrees with that of the other pairs.
    fn pairs(&self, t: &Transform, radius: f64) -> Vec<(usize, usize)> {
        let mut owner: Vec<Option<(usize, f64)>> = vec![None; self.to.len()];
        for (i, s) in self.from.iter().enumerate() {
            let (x, y) = t.apply(s.x, s.y);
            if let Some((j, d2)) = self.grid.nearest(x, y, radius)
                && owner[j].is_none_or(|(_, best)| d2 < best)
            {
                owner[j] = Some((i, d2));
            }
        }
        let mut pairs: Vec<(usize, usize)> =
            owner.iter().enumerate().filter_map(|(j, o)| o.map(|(i, _)| (i, j))).collect();
        // Clouds dim all stars alike. A chance pair of a bright and a faint star far from the others has the leverage to
        // turn the whole frame: nine true pairs and one such were once accepted 1.5 degrees off.
        let brightness =
            |&(i, j): &(usize, usize)| (self.from[i].total_flux() / self.to[j].total_flux()).ln();
        if let Some(usual) = median(&mut pairs.iter().map(brightness).collect::<Vec<_>>()) {
            pairs.retain(|p| (brightness(p) - usual).abs() < MAX_BRIGHTNESS_RATIO.ln());
        }
        pairs
    }
}

fn pair(from: &Star, to: &Star) -> Pair {
    Pair { from: [from.x, from.y], to: [to.x, to.y], weight: 1.0 }
}

/// Points in square bins, for neighbours within a few pixels.
#[derive(Debug)]
pub(crate) struct StarGrid {
    columns: i64,
    rows: i64,
    origin: (f64, f64),
    /// Points of each bin, then of the next: `start[bin]..start[bin + 1]` of `order`.
    start: Vec<u32>,
    order: Vec<u32>,
    points: Vec<(f64, f64)>,
}

impl StarGrid {
    const BIN: f64 = 16.0;
    /// Bins a side at most: points far outside any frame share the outermost ones.
    const MAX_BINS: f64 = 1024.0;

    pub(crate) fn new(points: impl Iterator<Item = (f64, f64)>) -> StarGrid {
        let points: Vec<(f64, f64)> = points.collect();
        let fold = |get: fn(&(f64, f64)) -> f64| {
            points
                .iter()
                .map(get)
                .fold((f64::INFINITY, f64::NEG_INFINITY), |(lo, hi), v| (lo.min(v), hi.max(v)))
        };
        let (x, y) = (fold(|p| p.0), fold(|p| p.1));
        let bins = |(lo, hi): (f64, f64)| ((hi - lo) / Self::BIN + 1.0).clamp(1.0, Self::MAX_BINS) as i64;
        let (columns, rows) = (bins(x), bins(y));
        let mut grid = StarGrid {
            columns,
            rows,
            origin: (x.0, y.0),
            start: vec![0; (columns * rows + 1) as usize],
            order: vec![0; points.len()],
            points,
        };
        let cells: Vec<usize> = grid.points.iter().map(|p| grid.cell(p.0, p.1)).collect();
        for &c in &cells {
            grid.start[c + 1] += 1;
        }
        for c in 1..grid.start.len() {
            grid.start[c] += grid.start[c - 1];
        }
        let mut next = grid.start.clone();
        for (i, &c) in cells.iter().enumerate() {
            grid.order[next[c] as usize] = i as u32;
            next[c] += 1;
        }
        grid
    }

    fn bin(&self, x: f64, y: f64) -> (i64, i64) {
        (((x - self.origin.0) / Self::BIN).floor() as i64, ((y - self.origin.1) / Self::BIN).floor() as i64)
    }

    fn cell(&self, x: f64, y: f64) -> usize {
        let (i, j) = self.bin(x, y);
        (j.clamp(0, self.rows - 1) * self.columns + i.clamp(0, self.columns - 1)) as usize
    }

    /// The point nearest to (`x`, `y`) within `radius`, and the square of its distance.
    pub(crate) fn nearest(&self, x: f64, y: f64, radius: f64) -> Option<(usize, f64)> {
        let mut best: Option<(usize, f64)> = None;
        let (i0, j0) = self.bin(x - radius, y - radius);
        let (i1, j1) = self.bin(x + radius, y + radius);
        for j in j0.clamp(0, self.rows - 1)..=j1.clamp(0, self.rows - 1) {
            for i in i0.clamp(0, self.columns - 1)..=i1.clamp(0, self.columns - 1) {
                let c = (j * self.columns + i) as usize;
                for &k in &self.order[self.start[c] as usize..self.start[c + 1] as usize] {
                    let p = self.points[k as usize];
                    let d2 = (p.0 - x).powi(2) + (p.1 - y).powi(2);
                    if d2 <= radius * radius && best.is_none_or(|(_, b)| d2 < b) {
                        best = Some((k as usize, d2));
                    }
                }
            }
        }
        best
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// Pseudo-random numbers in 0..1 from a seed (splitmix64).
    pub(crate) fn random(seed: u64) -> impl FnMut() -> f64 {
        let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ 0x1234_5678_9ABC_DEF0;
        move || {
            state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
            let mut z = state;
            z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
            ((z ^ (z >> 31)) >> 11) as f64 / (1u64 << 53) as f64
        }
    }

    pub(crate) fn star(x: f64, y: f64, flux: f64) -> Star {
        Star {
            x,
            y,
            flux: [flux; 3],
            snr: flux / 30.0,
            fwhm: 2.8,
            covariance: [0.01, 0.0, 0.01],
            saturated: false,
        }
    }

    /// `n` stars of a field, brightest first.
    fn field(seed: u64, n: usize) -> Vec<Star> {
        let mut r = random(seed);
        (0..n).map(|i| star(1080.0 * r(), 1920.0 * r(), 1e5 / (1.0 + i as f64))).collect()
    }

    /// What a frame that looks through `t` shows of `sky`, with `false_stars` and an error of 0.3 px.
    fn seen(sky: &[Star], t: &Transform, seed: u64, false_stars: usize) -> Vec<Star> {
        let mut r = random(seed);
        let back = t.invert().expect("rigid");
        let mut out: Vec<Star> = sky
            .iter()
            .map(|s| {
                let (x, y) = back.apply(s.x, s.y);
                star(x + 0.6 * (r() - 0.5), y + 0.6 * (r() - 0.5), s.flux[0] * (0.8 + 0.4 * r()))
            })
            .filter(|s| s.x > 0.0 && s.y > 0.0 && s.x < 1080.0 && s.y < 1920.0)
            .collect();
        out.extend((0..false_stars).map(|_| star(1080.0 * r(), 1920.0 * r(), 2000.0 * r())));
        out.sort_by(|a, b| b.flux[0].total_cmp(&a.flux[0]));
        out
    }

    fn about_centre(angle: f64, dx: f64, dy: f64) -> Transform {
        Transform::rigid(0.0, -540.0, -960.0).then(&Transform::rigid(angle, 540.0 + dx, 960.0 + dy))
    }

    #[test]
    fn any_rotation_is_found_with_and_without_a_prior() {
        for (seed, degrees, stars) in
            [(1, 0.3, 60), (2, 69.5, 60), (3, 180.0, 25), (4, -12.0, 12), (5, 5.3, 200)]
        {
            let sky = field(seed, stars);
            let truth = about_centre(f64::to_radians(degrees), 40.0, -25.0);
            let frame = seen(&sky, &truth, seed + 100, 8);
            for priors in [vec![], vec![0.0], vec![f64::to_radians(degrees + 0.4)]] {
                let found = match_stars(&frame, &sky, (1080, 1920), &priors)
                    .unwrap_or_else(|| panic!("{degrees} deg with {stars} stars"));
                let (a, b) = (truth.apply(540.0, 960.0), found.transform.apply(540.0, 960.0));
                assert!((a.0 - b.0).hypot(a.1 - b.1) < 0.5, "{degrees}: {a:?} {b:?}");
            }
        }
    }

    #[test]
    fn six_stars_are_enough_at_any_rotation_to_15_degrees() {
        let trials = 400;
        let mut failed = Vec::new();
        for seed in 0..trials {
            let mut r = random(9000 + seed);
            let stars = 6 + (seed % 5) as usize;
            let angle = (30.0 * r() - 15.0f64).to_radians();
            let truth = about_centre(angle, 20.0 * r() - 10.0, 20.0 * r() - 10.0);
            // All of them in the inner part, where the other frame sees them too.
            let sky: Vec<Star> = field(seed, stars)
                .iter()
                .map(|s| star(200.0 + 0.6 * s.x, 300.0 + 0.7 * s.y, s.flux[0]))
                .collect();
            let frame = seen(&sky, &truth, seed + 100, (seed % 3) as usize);
            let found = match_stars(&frame, &sky, (1080, 1920), &[]);
            let right = found.is_some_and(|f| {
                [(200.0, 300.0), (848.0, 300.0), (200.0, 1644.0), (848.0, 1644.0)].iter().all(|&(x, y)| {
                    let (a, b) = (truth.apply(x, y), f.transform.apply(x, y));
                    (a.0 - b.0).hypot(a.1 - b.1) < 1.0
                })
            });
            if !right {
                failed.push((seed, stars));
            }
        }
        assert!(failed.len() <= trials as usize / 100, "{} of {trials} failed: {failed:?}", failed.len());
    }

    fn no_match_of_unrelated_fields(trials: std::ops::Range<u64>) {
        let sizes = [6, 8, 12, 20, 35, 60, 100, 150];
        let wrong = crate::parallel::map((trials.end - trials.start) as usize, |i| {
            let seed = trials.start + i as u64;
            let n = sizes[i % sizes.len()];
            let (a, b) = (field(1_000_000 + seed, n), field(2_000_000 + seed, n));
            match_stars(&a, &b, (1080, 1920), &[0.0]).is_some().then_some((seed, n))
        });
        let wrong: Vec<_> = wrong.into_iter().flatten().collect();
        assert!(wrong.is_empty(), "fields (seed, stars) taken for one: {wrong:?}");
    }

    #[test]
    fn unrelated_fields_never_match() {
        no_match_of_unrelated_fields(0..100);
    }

    #[test]
    #[ignore = "ten thousand trials take minutes; 100 of them run always"]
    fn unrelated_fields_never_match_in_ten_thousand_trials() {
        no_match_of_unrelated_fields(0..10_000);
    }

    #[test]
    fn the_grid_agrees_with_a_plain_search() {
        let points: Vec<(f64, f64)> = field(7, 300).iter().map(|s| (s.x, s.y)).collect();
        let grid = StarGrid::new(points.iter().copied());
        let mut r = random(8);
        for _ in 0..500 {
            let (x, y) = (1400.0 * r() - 160.0, 2300.0 * r() - 190.0);
            let plain = points
                .iter()
                .map(|p| (p.0 - x).powi(2) + (p.1 - y).powi(2))
                .filter(|&d2| d2 <= 400.0)
                .fold(None, |m: Option<f64>, d| Some(m.map_or(d, |m| m.min(d))));
            assert_eq!(grid.nearest(x, y, 20.0).map(|n| n.1), plain);
        }
        assert!(StarGrid::new(std::iter::empty()).nearest(0.0, 0.0, 5.0).is_none());
    }
}
