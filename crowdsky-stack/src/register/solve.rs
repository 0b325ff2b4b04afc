//! All transforms at once, against a catalogue that all frames make together.

use super::catalogue::Catalogue;
use crate::stars::{Detection, Star};
use crate::statistics::median;
use crate::transform::{Model, Pair, Transform};

/// The registration of a set of frames.
#[derive(Debug, Clone)]
pub(crate) struct Solution {
    /// Pixel of each frame to pixel of the reference frame; `None` where it has too few stars in common with the rest.
    pub(crate) transforms: Vec<Option<Transform>>,
    /// The model that the data asked for (Bayesian information criterion).
    pub(crate) model: Model,
    /// Weighted RMS distance of each frame's stars from the common catalogue, px; NaN where there is no transform.
    pub(crate) rms: Vec<f64>,
    /// Stars of each frame that the solution uses.
    pub(crate) stars_used: Vec<usize>,
    /// Expected error of each frame's transform, RMS over its field, px; NaN where there is no transform.
    pub(crate) error: Vec<f64>,
}

/// Alternations of catalogue and transforms: where every frame sees every star one is enough, a dithered chain needs a few.
const ROUNDS: usize = 8;
/// The model that is chosen goes on until no corner of the field moves more than this in a round (px), for so many rounds at
/// most: what the transforms were to begin with, which depends on who was matched to whom, must not show in them.
const SETTLED: f64 = 1e-11;
const MOST_ROUNDS: usize = 80;
/// Median of a chi-square with two degrees of freedom.
const MEDIAN_CHI2_2: f64 = 1.386_294_361;
/// Huber's corner in sigma, and the distance from which a sighting is no longer of that star.
const HUBER: f64 = 2.0;
const REJECT: f64 = 6.0;

/// Adjusts the transforms of all frames (`size` = width, height in px) that have one in `start`; the reference's becomes the identity.
///
/// Minimises the sum over sightings of `|T_k p - X_s|^2 / (var + systematic^2)` with Huber weights over transforms and
/// star positions in turn; `systematic` is set so that the median normalised distance is that of a Gaussian.
pub(crate) fn solve(
    frames: &[&Detection],
    size: (usize, usize),
    start: &[Option<Transform>],
    reference: usize,
    catalogue: &Catalogue,
) -> Solution {
    let mut best: Option<(f64, Model, State<'_>)> = None;
    let mut systematic = None;
    // The richest model first: it tells the noise that all three are then judged by.
    for model in [Model::Affine, Model::Similarity, Model::Rigid] {
        let mut state = State::new(frames, size, start, catalogue);
        state.adjust(model, systematic);
        systematic = Some(state.systematic);
        let bic =
            state.chi2() + state.parameters(model) as f64 * (2.0 * state.sightings() as f64).max(1.0).ln();
        if best.as_ref().is_none_or(|(b, ..)| bic <= *b) {
            best = Some((bic, model, state));
        }
    }
    match best {
        Some((_, model, mut state)) => {
            state.settle(model, reference);
            state.into_solution(model, reference)
        }
        None => Solution {
            transforms: vec![None; frames.len()],
            model: Model::Rigid,
            rms: vec![f64::NAN; frames.len()],
            stars_used: vec![0; frames.len()],
            error: vec![f64::NAN; frames.len()],
        },
    }
}

struct State<'a> {
    frames: &'a [&'a Detection],
    catalogue: &'a Catalogue,
    size: (usize, usize),
    transforms: Vec<Option<Transform>>,
    /// By frame: number of the star in the catalogue, number in the frame's list.
    by_frame: Vec<Vec<(u32, u32)>>,
    places: Vec<[f64; 2]>,
    systematic: f64,
}

/// Variance of a star's position, px², as one number; a saturated core is good to a third of a pixel.
fn variance(s: &Star) -> f64 {
    let v = 0.5 * (s.covariance[0] + s.covariance[2]);
    if s.saturated { v + 0.1 } else { v }
}

impl<'a> State<'a> {
    fn new(
        frames: &'a [&'a Detection],
        size: (usize, usize),
        start: &[Option<Transform>],
        catalogue: &'a Catalogue,
    ) -> Self {
        let mut by_frame = vec![Vec::new(); frames.len()];
        for (s, sightings) in catalogue.stars.iter().enumerate() {
            for g in sightings {
                by_frame[g.frame as usize].push((s as u32, g.star));
            }
        }
        let places = vec![[f64::NAN; 2]; catalogue.stars.len()];
        State { frames, catalogue, size, transforms: start.to_vec(), by_frame, places, systematic: 0.05 }
    }

    fn star(&self, frame: usize, star: u32) -> &'a Star {
        &self.frames[frame].stars[star as usize]
    }

    /// Squared normalised distance of a sighting from its star.
    fn distance2(&self, t: &Transform, s: &Star, place: [f64; 2]) -> f64 {
        let (x, y) = t.apply(s.x, s.y);
        ((x - place[0]).powi(2) + (y - place[1]).powi(2)) / (variance(s) + self.systematic * self.systematic)
    }

    fn weight(&self, s: &Star, distance2: f64) -> f64 {
        let d = distance2.sqrt();
        let huber = if d > REJECT { 0.0 } else { (HUBER / d).min(1.0) };
        huber / (variance(s) + self.systematic * self.systematic)
    }

    fn adjust(&mut self, model: Model, systematic: Option<f64>) {
        for round in 0..ROUNDS {
            self.place_stars(round);
            if round > 0 {
                self.systematic = systematic.unwrap_or_else(|| self.excess());
            }
            self.fit(model);
        }
        self.place_stars(ROUNDS);
    }

    /// Goes on with `model` until it moves no more.
    fn settle(&mut self, model: Model, reference: usize) {
        let (right, bottom) = (self.size.0 as f64, self.size.1 as f64);
        let corners = [(0.0, 0.0), (right, 0.0), (0.0, bottom), (right, bottom)];
        for round in ROUNDS..MOST_ROUNDS {
            // In the gauge of the reference, for that of the catalogue comes from the start.
            let before = self.in_gauge_of(reference);
            self.transforms.clone_from(&before);
            self.place_stars(round);
            self.fit(model);
            let moved =
                self.in_gauge_of(reference).iter().zip(&before).any(|(now, before)| match (now, before) {
                    (Some(now), Some(before)) => corners.iter().any(|&(x, y)| {
                        let (a, b) = (now.apply(x, y), before.apply(x, y));
                        (a.0 - b.0).abs().max((a.1 - b.1).abs()) > SETTLED
                    }),
                    (now, before) => now.is_some() != before.is_some(),
                });
            if !moved {
                break;
            }
        }
        self.place_stars(MOST_ROUNDS);
    }

    /// The transforms to the reference's pixels; as they are if it has none.
    fn in_gauge_of(&self, reference: usize) -> Vec<Option<Transform>> {
        match self.transforms[reference].and_then(|t| t.invert()) {
            Some(gauge) => self.transforms.iter().map(|t| t.map(|t| t.then(&gauge))).collect(),
            None => self.transforms.clone(),
        }
    }

    /// Each transform as the places of the stars say.
    fn fit(&mut self, model: Model) {
        for k in 0..self.frames.len() {
            let Some(t) = self.transforms[k] else { continue };
            let pairs: Vec<Pair> = self.by_frame[k]
                .iter()
                .filter(|(s, _)| self.places[*s as usize][0].is_finite())
                .map(|&(s, i)| {
                    let (star, place) = (self.star(k, i), self.places[s as usize]);
                    Pair {
                        from: [star.x, star.y],
                        to: place,
                        weight: self.weight(star, self.distance2(&t, star, place)),
                    }
                })
                .filter(|p| p.weight > 0.0)
                .collect();
            self.transforms[k] = Transform::fit(affordable(model, pairs.len()), &pairs);
        }
    }

    /// Each star where its sightings say, on the average. In the first round sightings count alike.
    fn place_stars(&mut self, round: usize) {
        for s in 0..self.catalogue.stars.len() {
            let (mut sum, mut total) = ([0.0; 2], 0.0);
            for g in &self.catalogue.stars[s] {
                let Some(t) = self.transforms[g.frame as usize] else { continue };
                let star = self.star(g.frame as usize, g.star);
                let (x, y) = t.apply(star.x, star.y);
                let w = if round == 0 {
                    1.0 / (variance(star) + 0.01)
                } else {
                    self.weight(star, self.distance2(&t, star, self.places[s]))
                };
                if w.is_finite() {
                    sum = [sum[0] + w * x, sum[1] + w * y];
                    total += w;
                }
            }
            self.places[s] = if total > 0.0 { sum.map(|v| v / total) } else { [f64::NAN; 2] };
        }
    }

    /// Distance squared (px²) and variance of every sighting that has a place.
    fn residuals(&self) -> impl Iterator<Item = (usize, f64, f64)> + '_ {
        self.by_frame.iter().enumerate().flat_map(move |(k, list)| {
            list.iter().filter_map(move |&(s, i)| {
                let (t, star, place) = (self.transforms[k]?, self.star(k, i), self.places[s as usize]);
                let (x, y) = t.apply(star.x, star.y);
                let d2 = (x - place[0]).powi(2) + (y - place[1]).powi(2);
                d2.is_finite().then_some((k, d2, variance(star)))
            })
        })
    }

    /// The systematic error (px) that brings the median normalised distance to that of a Gaussian, by bisection.
    fn excess(&self) -> f64 {
        let all: Vec<(f64, f64)> = self.residuals().map(|(_, d2, v)| (d2, v)).collect();
        let median_at = |s: f64| {
            median(&mut all.iter().map(|(d2, v)| d2 / (v + s * s)).collect::<Vec<_>>()).unwrap_or(0.0)
        };
        let (mut low, mut high) = (0.0, 2.0);
        if median_at(low) <= MEDIAN_CHI2_2 {
            return low;
        }
        for _ in 0..20 {
            let middle = 0.5 * (low + high);
            if median_at(middle) > MEDIAN_CHI2_2 { low = middle } else { high = middle }
        }
        0.5 * (low + high)
    }

    fn chi2(&self) -> f64 {
        let s2 = self.systematic * self.systematic;
        self.residuals()
            .map(|(_, d2, v)| {
                let d = (d2 / (v + s2)).sqrt().min(REJECT);
                if d <= HUBER { d * d } else { HUBER * (2.0 * d - HUBER) }
            })
            .sum()
    }

    /// Error propagation of the weighted fit: `2 / sum w` for the shift and, for each further parameter, the field's mean
    /// squared distance from the stars' centre over their `sum w r²`.
    fn field_error(&self, k: usize, model: Model) -> f64 {
        let Some(t) = self.transforms[k] else { return f64::NAN };
        let weighted: Vec<(f64, &Star)> = self.by_frame[k]
            .iter()
            .map(|&(s, i)| {
                let star = self.star(k, i);
                (self.weight(star, self.distance2(&t, star, self.places[s as usize])), star)
            })
            .filter(|(w, _)| w.is_finite())
            .collect();
        let total: f64 = weighted.iter().map(|(w, _)| w).sum();
        let mean = |get: fn(&Star) -> f64| weighted.iter().map(|(w, s)| w * get(s)).sum::<f64>() / total;
        let (x, y) = (mean(|s| s.x), mean(|s| s.y));
        let moment: f64 = weighted.iter().map(|(w, s)| w * ((s.x - x).powi(2) + (s.y - y).powi(2))).sum();
        let (width, height) = (self.size.0 as f64, self.size.1 as f64);
        let field =
            (width * width + height * height) / 12.0 + (x - 0.5 * width).powi(2) + (y - 0.5 * height).powi(2);
        let turning = affordable(model, weighted.len()).parameters() as f64 - 2.0;
        (2.0 / total + turning * field / moment).sqrt()
    }

    fn sightings(&self) -> usize {
        self.residuals().count()
    }

    fn parameters(&self, model: Model) -> usize {
        self.transforms
            .iter()
            .zip(&self.by_frame)
            .filter(|(t, _)| t.is_some())
            .map(|(_, l)| affordable(model, l.len()).parameters())
            .sum()
    }

    fn into_solution(self, model: Model, reference: usize) -> Solution {
        let n = self.frames.len();
        let (mut sum, mut total, mut used) = (vec![0.0; n], vec![0.0; n], vec![0usize; n]);
        let s2 = self.systematic * self.systematic;
        for (k, d2, v) in self.residuals() {
            if d2 / (v + s2) < REJECT * REJECT {
                sum[k] += d2 / (v + s2);
                total[k] += 1.0 / (v + s2);
                used[k] += 1;
            }
        }
        // The catalogue floats freely: put it where the reference frame has its pixels.
        let known = self.transforms[reference].is_some();
        let mut transforms: Vec<Option<Transform>> =
            self.in_gauge_of(reference).into_iter().map(|t| t.filter(|_| known).map(rounded)).collect();
        if known {
            transforms[reference] = Some(Transform::IDENTITY);
        }
        let rms =
            (0..n).map(|k| if total[k] > 0.0 { (sum[k] / total[k]).sqrt() } else { f64::NAN }).collect();
        let error = (0..n).map(|k| self.field_error(k, model)).collect();
        Solution { transforms, model, rms, stars_used: used, error }
    }
}

/// To 2e-7 px: what rounding errors and the last rounds leave open is gone, and equal data have equal transforms.
fn rounded(t: Transform) -> Transform {
    let to = |v: f64, bits: i32| (v * 2f64.powi(bits)).round() * 2f64.powi(-bits);
    Transform { rows: t.rows.map(|[a, b, c]| [to(a, 34), to(b, 34), to(c, 22)]) }
}

/// The richest model up to `wanted` that `stars` stars over-determine twice.
fn affordable(wanted: Model, stars: usize) -> Model {
    [Model::Affine, Model::Similarity]
        .into_iter()
        .find(|&m| m <= wanted && stars >= 2 * m.min_stars())
        .unwrap_or(Model::Rigid)
}
