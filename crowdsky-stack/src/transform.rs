//! Where a pixel of one frame lies in another.

/// A plane affine map `x' = a x + b y + c`, `y' = d x + e y + f`, in pixels, pixel centres at whole numbers.
///
/// ```
/// use crowdsky_stack::Transform;
/// let t = Transform::rigid(0.01, 3.0, -2.0);
/// let (x, y) = t.apply(100.0, 50.0);
/// let (u, v) = t.invert().expect("a rotation can be undone").apply(x, y);
/// assert!((u - 100.0).abs() < 1e-9 && (v - 50.0).abs() < 1e-9);
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Transform {
    /// `[[a, b, c], [d, e, f]]`.
    pub rows: [[f64; 3]; 2],
}

/// How many free numbers a registration may use per frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Model {
    /// Rotation and shift: what one telescope does in 15 minutes.
    Rigid,
    /// And a scale: other telescopes, focus drift.
    Similarity,
    /// And shear: differential refraction near the horizon.
    Affine,
}

impl Model {
    /// Free numbers per frame.
    #[must_use]
    pub fn parameters(self) -> usize {
        match self {
            Model::Rigid => 3,
            Model::Similarity => 4,
            Model::Affine => 6,
        }
    }

    /// The fewest stars that over-determine the model.
    #[must_use]
    pub fn min_stars(self) -> usize {
        match self {
            Model::Rigid => 2,
            Model::Similarity => 3,
            Model::Affine => 6,
        }
    }
}

/// One star seen in two frames: where, where it should land, and how much it counts.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pair {
    /// Position in the frame, px.
    pub from: [f64; 2],
    /// Position in the target, px.
    pub to: [f64; 2],
    /// Weight, 1/px².
    pub weight: f64,
}

impl Transform {
    /// Leaves every point where it is.
    pub const IDENTITY: Transform = Transform { rows: [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]] };

    /// Rotation by `angle` (radians, x towards y) about the origin, then a shift.
    #[must_use]
    pub fn rigid(angle: f64, dx: f64, dy: f64) -> Self {
        let (s, c) = angle.sin_cos();
        Transform { rows: [[c, -s, dx], [s, c, dy]] }
    }

    /// The image of a point.
    #[inline]
    #[must_use]
    pub fn apply(&self, x: f64, y: f64) -> (f64, f64) {
        let [[a, b, c], [d, e, f]] = self.rows;
        (a * x + b * y + c, d * x + e * y + f)
    }

    /// First `self`, then `next`.
    #[must_use]
    pub fn then(&self, next: &Transform) -> Transform {
        let (m, n) = (&next.rows, &self.rows);
        let row = |r: [f64; 3]| {
            [
                r[0] * n[0][0] + r[1] * n[1][0],
                r[0] * n[0][1] + r[1] * n[1][1],
                r[0] * n[0][2] + r[1] * n[1][2] + r[2],
            ]
        };
        Transform { rows: [row(m[0]), row(m[1])] }
    }

    /// The map back, or `None` where the plane was flattened to a line.
    #[must_use]
    pub fn invert(&self) -> Option<Transform> {
        let [[a, b, c], [d, e, f]] = self.rows;
        let det = a * e - b * d;
        if !det.is_finite() || det.abs() < 1e-12 {
            return None;
        }
        Some(Transform {
            rows: [[e / det, -b / det, (b * f - c * e) / det], [-d / det, a / det, (c * d - a * f) / det]],
        })
    }

    /// Rotation from x towards y, radians.
    #[must_use]
    pub fn angle(&self) -> f64 {
        let [[a, b, _], [d, e, _]] = self.rows;
        (d - b).atan2(a + e)
    }

    /// Mean linear scale.
    #[must_use]
    pub fn scale(&self) -> f64 {
        let [[a, b, _], [d, e, _]] = self.rows;
        (a * e - b * d).abs().sqrt()
    }

    /// The weighted least-squares map of `model` that takes every `from` to its `to`.
    ///
    /// Rigid and similarity are the closed Procrustes solution (Umeyama 1991, IEEE PAMI 13, 376, in two dimensions).
    /// `None` if the stars do not determine it: too few, all in one place, or (affine) on one line.
    #[must_use]
    pub fn fit(model: Model, pairs: &[Pair]) -> Option<Transform> {
        if pairs.len() < model.min_stars() {
            return None;
        }
        let sw: f64 = pairs.iter().map(|p| p.weight).sum();
        if !(sw > 0.0 && sw.is_finite()) {
            return None;
        }
        let mean = |get: fn(&Pair) -> [f64; 2]| {
            let s = pairs
                .iter()
                .fold([0.0; 2], |s, p| [s[0] + p.weight * get(p)[0], s[1] + p.weight * get(p)[1]]);
            [s[0] / sw, s[1] / sw]
        };
        let (mf, mt) = (mean(|p| p.from), mean(|p| p.to));
        // Second moments about the means: S = sum w f f', C = sum w t f'.
        let (mut sxx, mut sxy, mut syy) = (0.0, 0.0, 0.0);
        let mut c = [[0.0; 2]; 2];
        for p in pairs {
            let f = [p.from[0] - mf[0], p.from[1] - mf[1]];
            let t = [p.to[0] - mt[0], p.to[1] - mt[1]];
            sxx += p.weight * f[0] * f[0];
            sxy += p.weight * f[0] * f[1];
            syy += p.weight * f[1] * f[1];
            for (i, row) in c.iter_mut().enumerate() {
                row[0] += p.weight * t[i] * f[0];
                row[1] += p.weight * t[i] * f[1];
            }
        }
        if sxx + syy < 1e-9 * sw {
            return None;
        }
        let [[a, b], [d, e]] = match model {
            Model::Affine => {
                let det = sxx * syy - sxy * sxy;
                // On one line the shear is free: 1e-6 keeps the smaller axis above 1/1000 of the larger.
                if det < 1e-6 * (sxx + syy) * (sxx + syy) {
                    return None;
                }
                c.map(|r| [(r[0] * syy - r[1] * sxy) / det, (r[1] * sxx - r[0] * sxy) / det])
            }
            _ => {
                let (re, im) = (c[0][0] + c[1][1], c[1][0] - c[0][1]);
                let norm = if model == Model::Rigid { re.hypot(im) } else { sxx + syy };
                if norm <= 0.0 {
                    return None;
                }
                [[re / norm, -im / norm], [im / norm, re / norm]]
            }
        };
        let rows = [[a, b, mt[0] - a * mf[0] - b * mf[1]], [d, e, mt[1] - d * mf[0] - e * mf[1]]];
        rows.iter().flatten().all(|v| v.is_finite()).then_some(Transform { rows })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn pairs_of(t: &Transform, points: &[(f64, f64)]) -> Vec<Pair> {
        points
            .iter()
            .enumerate()
            .map(|(i, &(x, y))| {
                let (u, v) = t.apply(x, y);
                Pair { from: [x, y], to: [u, v], weight: 1.0 + i as f64 }
            })
            .collect()
    }

    const POINTS: [(f64, f64); 7] = [
        (10.0, 20.0),
        (900.0, 30.0),
        (500.0, 1800.0),
        (40.0, 1500.0),
        (700.0, 700.0),
        (333.0, 90.0),
        (64.0, 640.0),
    ];

    proptest! {
        #[test]
        fn every_model_finds_back_its_own_map(angle in -3.1..3.1f64, dx in -500.0..500.0f64, dy in -500.0..500.0f64, k in 0.99..1.01f64) {
            let rigid = Transform::rigid(angle, dx, dy);
            let mut similar = rigid;
            for r in &mut similar.rows { r[0] *= k; r[1] *= k; }
            let mut affine = similar;
            affine.rows[0][1] += 0.003;
            for (model, truth) in [(Model::Rigid, rigid), (Model::Similarity, similar), (Model::Affine, affine)] {
                let found = Transform::fit(model, &pairs_of(&truth, &POINTS)).expect("seven stars are enough");
                for (f, t) in found.rows.iter().flatten().zip(truth.rows.iter().flatten()) {
                    prop_assert!((f - t).abs() < 1e-7, "{model:?}: {found:?} is not {truth:?}");
                }
            }
        }

        #[test]
        fn inverse_and_composition_agree(angle in -3.1..3.1f64, dx in -500.0..500.0f64, dy in -500.0..500.0f64) {
            let t = Transform::rigid(angle, dx, dy);
            let there_and_back = t.then(&t.invert().expect("a rotation has an inverse"));
            for (f, i) in there_and_back.rows.iter().flatten().zip(Transform::IDENTITY.rows.iter().flatten()) {
                prop_assert!((f - i).abs() < 1e-9);
            }
            prop_assert!((t.angle() - angle).abs() < 1e-9 && (t.scale() - 1.0).abs() < 1e-9);
        }
    }

    #[test]
    fn what_does_not_determine_a_map_gives_none() {
        let one_place = vec![(5.0, 5.0); 8];
        assert!(Transform::fit(Model::Rigid, &pairs_of(&Transform::IDENTITY, &one_place)).is_none());
        let line: Vec<_> = (0..8).map(|i| (f64::from(i), 2.0 * f64::from(i))).collect();
        assert!(Transform::fit(Model::Affine, &pairs_of(&Transform::IDENTITY, &line)).is_none());
        assert!(Transform::fit(Model::Rigid, &pairs_of(&Transform::IDENTITY, &POINTS[..1])).is_none());
        assert!(Transform { rows: [[1.0, 1.0, 0.0], [1.0, 1.0, 0.0]] }.invert().is_none());
    }
}
