//! The stars of all frames, told apart: which sightings are of the same star.

use crate::matching::StarGrid;
use crate::stars::Detection;
use crate::transform::Transform;

/// One star in one frame.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sighting {
    /// Number of the frame.
    pub(crate) frame: u32,
    /// Its number in the frame's list.
    pub(crate) star: u32,
}

/// For every star of the field, where it was seen.
#[derive(Debug, Clone, Default)]
pub(crate) struct Catalogue {
    pub(crate) stars: Vec<Vec<Sighting>>,
}

/// Sightings this near belong together, px: the chained transforms err by a few tenths.
const RADIUS: f64 = 2.0;

impl Catalogue {
    /// Gathers the sightings of all linked frames, beginning with the reference and its neighbours in time. Stars seen in
    /// fewer than `min_sightings` frames (false ones, planes, cosmic rays) are left out.
    pub(crate) fn gather(
        frames: &[&Detection],
        transforms: &[Option<Transform>],
        reference: usize,
        min_sightings: usize,
    ) -> Catalogue {
        let mut order: Vec<usize> = (0..frames.len()).collect();
        order.sort_by_key(|&k| (k.abs_diff(reference), k));
        let mut places: Vec<(f64, f64)> = Vec::new();
        let mut stars: Vec<Vec<Sighting>> = Vec::new();
        for k in order {
            let Some(t) = transforms[k] else { continue };
            let grid = StarGrid::new(places.iter().copied());
            // Of two stars of this frame that claim the same place, the nearer has it.
            let mut claims: Vec<(usize, f64, usize)> = Vec::new();
            let mut fresh: Vec<usize> = Vec::new();
            for (i, s) in frames[k].stars.iter().enumerate() {
                let (x, y) = t.apply(s.x, s.y);
                match grid.nearest(x, y, RADIUS) {
                    Some((place, d2)) => claims.push((place, d2, i)),
                    None => fresh.push(i),
                }
            }
            claims.sort_by(|a, b| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)).then(a.2.cmp(&b.2)));
            claims.dedup_by_key(|c| c.0);
            let sighting = |i: usize| Sighting { frame: k as u32, star: i as u32 };
            for (place, _, i) in claims {
                stars[place].push(sighting(i));
            }
            for i in fresh {
                places.push(t.apply(frames[k].stars[i].x, frames[k].stars[i].y));
                stars.push(vec![sighting(i)]);
            }
        }
        stars.retain(|s| s.len() >= min_sightings);
        Catalogue { stars }
    }
}
