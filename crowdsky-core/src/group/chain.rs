//! Chains of points: two points belong together when steps of limited length lead from one to the other.
//!
//! Points are unit vectors, so that neither RA 0 nor the poles are special. Space is cut into cubes so small that all
//! points of one cube are within a step of each other; only cubes near each other are then compared, by halving
//! boxes. Tens of thousands of frames of one field fall into a few cubes and cost one pass.

type Point = [f64; 3];
type Cell = [i32; 3];

/// The number of each point's chain: the index of the chain's first point.
pub(super) fn label(points: &[Point], step_deg: f64) -> Vec<usize> {
    let chord = 2.0 * libm::sin(step_deg.to_radians() / 2.0);
    // The diagonal of a cube of this side is just below the chord.
    let side = chord / 3.0_f64.sqrt() * (1.0 - 1e-12);
    let places: Vec<Cell> = points.iter().map(|point| point.map(|x| libm::floor(x / side) as i32)).collect();
    let order = super::sorted(points.len(), &|i, j| places[i].cmp(&places[j]));
    let cells: Vec<&[usize]> = order.chunk_by(|i, j| places[*i] == places[*j]).collect();
    let mut chains = Chains((0..points.len()).collect());
    for members in &cells {
        for i in &members[1..] {
            chains.join(members[0], *i);
        }
    }
    for members in &cells {
        for other in later_neighbours(places[members[0]]) {
            let Ok(at) = cells.binary_search_by(|members| places[members[0]].cmp(&other)) else { continue };
            let others = cells[at];
            if chains.root(members[0]) == chains.root(others[0]) {
                continue;
            }
            let near = |list: &[usize]| list.iter().map(|&i| points[i]).collect::<Vec<_>>();
            if any_within(&mut near(members), &mut near(others), chord * chord) {
                chains.join(members[0], others[0]);
            }
        }
    }
    (0..points.len()).map(|i| chains.root(i)).collect()
}

/// Half of the cubes within a step (two cubes away at most), so that each pair is met once.
fn later_neighbours(cell: Cell) -> impl Iterator<Item = Cell> {
    let offsets = (-2..=2).flat_map(|x| (-2..=2).flat_map(move |y| (-2..=2).map(move |z| [x, y, z])));
    offsets.filter(|o| *o > [0, 0, 0]).map(move |o| [cell[0] + o[0], cell[1] + o[1], cell[2] + o[2]])
}

/// Whether any point of `a` lies within the root of `limit2` of any point of `b`; neither is empty.
///
/// The boxes around both answer most questions; where they cannot, the box of the larger set is halved across its
/// longest side.
fn any_within(a: &mut [Point], b: &mut [Point], limit2: f64) -> bool {
    let (box_a, box_b) = (bounds(a), bounds(b));
    let gap = |k: usize| (box_b.0[k] - box_a.1[k]).max(box_a.0[k] - box_b.1[k]).max(0.0);
    if (0..3).map(|k| gap(k) * gap(k)).sum::<f64>() > limit2 {
        return false;
    }
    if a.len() * b.len() <= 64 {
        return a.iter().any(|p| b.iter().any(|q| distance2(p, q) <= limit2));
    }
    let (large, small, around) = if a.len() >= b.len() { (a, b, box_a) } else { (b, a, box_b) };
    let length = |k: usize| around.1[k] - around.0[k];
    let axis = (0..3).max_by(|&i, &j| length(i).total_cmp(&length(j))).unwrap_or(0);
    if length(axis) == 0.0 {
        // All of them the same point.
        return small.iter().any(|q| distance2(&large[0], q) <= limit2);
    }
    // In the middle of the box, which halves its length: after some 60 times its digits are used up. Then a corner may be its own middle,
    // and the list itself is halved: as many steps again as the number of points has bits.
    let middle = around.0[axis] + length(axis) / 2.0;
    let mut below = 0;
    for i in 0..large.len() {
        if large[i][axis] < middle {
            large.swap(i, below);
            below += 1;
        }
    }
    let cut = if below == 0 || below == large.len() { large.len() / 2 } else { below };
    let (left, right) = large.split_at_mut(cut);
    any_within(left, small, limit2) || any_within(right, small, limit2)
}

fn distance2(p: &Point, q: &Point) -> f64 {
    (0..3).map(|k| (p[k] - q[k]) * (p[k] - q[k])).sum()
}

/// Lowest and highest corner of the box around the points.
fn bounds(points: &[Point]) -> (Point, Point) {
    points.iter().fold(([f64::INFINITY; 3], [f64::NEG_INFINITY; 3]), |(low, high), p| {
        (core::array::from_fn(|k| low[k].min(p[k])), core::array::from_fn(|k| high[k].max(p[k])))
    })
}

/// Chains under construction: each point refers to an earlier one of its chain, the first to itself.
struct Chains(Vec<usize>);

impl Chains {
    fn root(&mut self, mut i: usize) -> usize {
        while self.0[i] != i {
            // Halve the way for the next who asks.
            self.0[i] = self.0[self.0[i]];
            i = self.0[i];
        }
        i
    }

    /// The earlier root stays, so that a chain's number does not depend on the order of the cubes.
    fn join(&mut self, i: usize, j: usize) {
        let (i, j) = (self.root(i), self.root(j));
        self.0[i.max(j)] = i.min(j);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::SkyPos;

    /// The same by definition: every pair, again and again.
    fn label_slowly(points: &[Point], step_deg: f64) -> Vec<usize> {
        let chord = 2.0 * libm::sin(step_deg.to_radians() / 2.0);
        let mut chains = Chains((0..points.len()).collect());
        for i in 0..points.len() {
            for j in 0..i {
                if distance2(&points[i], &points[j]) <= chord * chord {
                    chains.join(i, j);
                }
            }
        }
        (0..points.len()).map(|i| chains.root(i)).collect()
    }

    /// Two places one digit apart, thousands of times, and a third nearby: their box has no number between its sides.
    #[test]
    fn a_box_without_a_middle_is_halved_all_the_same() {
        let place = |ra, dec| SkyPos::new(ra, dec).map(|p| p.unit_vector());
        let near = [
            place(47.048_402_857_659_71, 50.212_834_870_393_68),
            place(47.048_402_857_659_72, 50.212_834_870_393_664),
        ];
        let mut points: Vec<Point> = (0..20_000).filter_map(|i| near[i % 2].clone().ok()).collect();
        points.extend(place(46.731_184_905_209_794, 50.067_350_743_564_06).ok());
        assert_eq!(points.len(), 20_001);
        // On a stack of 128 KiB: one call for each point would not fit.
        let labelled = std::thread::Builder::new().stack_size(128 << 10).spawn(move || label(&points, 0.25));
        let labels = labelled.map(|thread| thread.join());
        assert!(
            labels.is_ok_and(|labels| labels.is_ok_and(|labels| labels.len() == 20_001 && labels[1] == 0))
        );
    }

    proptest! {
        #[test]
        fn equals_the_definition(
            places in prop::collection::vec((-1.5..1.5f64, -1.5..1.5f64), 1..200),
            centre in prop::sample::select(vec![(0.0, 0.0), (193.0, 41.0), (359.9, -60.0), (10.0, 88.5)]),
        ) {
            let points: Vec<Point> = places
                .iter()
                .filter_map(|(x, y)| SkyPos::new(centre.0 + x, (centre.1 + y).min(90.0)).ok())
                .map(|p| p.unit_vector())
                .collect();
            prop_assert_eq!(label(&points, 0.25), label_slowly(&points, 0.25));
        }
    }
}
