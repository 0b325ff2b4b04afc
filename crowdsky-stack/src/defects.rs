//! Photosites that glow or are dead in every frame, found in the frames themselves.

use crate::background::SkyMesh;
use crate::mosaic::Mosaic;
use crate::parallel;
use crate::spikes::{MARGIN, second_neighbour};
use crate::transform::Transform;
use crowdsky_core::Band;

/// The defects of one sensor: pixel numbers (`y * width + x`) in ascending order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Defects {
    width: usize,
    sites: Vec<u32>,
    /// A bit for each photosite: by row, then even and odd columns, then eight of these columns to a byte.
    lanes: Vec<u8>,
}

/// Frames looked at, spread over the run: nine see a 6-sigma glow in 70 % of them whatever two of them say.
const FRAMES: usize = 9;
/// A defect stands out this far, in sigma of the photosite's noise.
const THRESHOLD: f32 = 6.0;
/// Where the sky moved less than this over the run (px), a star stays on its photosite and could be taken for a defect.
const MIN_MOTION: f64 = 1.5;

/// One frame's part in the search.
#[derive(Debug, Clone, Copy)]
pub(crate) struct DefectFrame<'a> {
    pub(crate) mosaic: &'a Mosaic,
    pub(crate) sky: &'a SkyMesh,
    pub(crate) transform: &'a Transform,
}

impl Defects {
    /// No defects.
    #[must_use]
    pub fn none() -> Defects {
        Defects::default()
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.sites.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.sites.is_empty()
    }

    /// Their pixel numbers, in ascending order.
    pub(crate) fn sites(&self) -> &[u32] {
        &self.sites
    }

    /// These and `others`, pixel numbers of the same sensor, of `size` columns and rows.
    pub(crate) fn with(&self, others: &[u32], size: (usize, usize)) -> Defects {
        let mut sites: Vec<u32> = self.sites.iter().chain(others).copied().collect();
        sites.retain(|&s| (s as usize) < size.0 * size.1);
        sites.sort_unstable();
        sites.dedup();
        Defects::new(size.0, size.1, sites)
    }

    /// From pixel numbers in ascending order, of a sensor of `width` columns.
    fn new(width: usize, height: usize, sites: Vec<u32>) -> Defects {
        let bytes = width.div_ceil(16);
        let mut lanes = vec![0u8; height * 2 * bytes];
        for &site in &sites {
            let (x, y) = (site as usize % width, site as usize / width);
            lanes[(2 * y + x % 2) * bytes + x / 16] |= 1 << (x / 2 % 8);
        }
        Defects { width, sites, lanes }
    }

    /// Which of eight photosites are defects: those in the odd or even columns from `x` on, a multiple of 16.
    #[inline]
    pub(crate) fn lanes(&self, y: usize, odd: bool, x: usize) -> u8 {
        self.lanes.get((2 * y + usize::from(odd)) * self.width.div_ceil(16) + x / 16).copied().unwrap_or(0)
    }

    /// All defects: column and row.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (usize, usize)> + '_ {
        self.sites.iter().map(|&s| (s as usize % self.width, s as usize / self.width))
    }

    /// Columns of the defects of row `y` from `x0` up to but not including `x1`.
    pub(crate) fn in_row(&self, y: usize, x0: usize, x1: usize) -> impl Iterator<Item = usize> + '_ {
        let start = (y * self.width) as u32;
        let first = self.sites.partition_point(|&s| s < start + x0 as u32);
        self.sites[first..]
            .iter()
            .take_while(move |&&s| s < start + x1 as u32)
            .map(move |&s| (s - start) as usize)
    }

    /// Which of `n` frames to look at: nine, spread over the run.
    pub(crate) fn choice(n: usize) -> Vec<usize> {
        let m = n.min(FRAMES);
        (0..m).map(|i| i * (n - 1) / (m - 1).max(1)).collect()
    }

    /// Looks for photosites that stand out alone in at least 70 % of the frames, which [`Self::choice`] has chosen.
    ///
    /// Stars move over the sensor and defects do not. Where nothing moved (near the centre of rotation, or in equatorial
    /// mode without dither) a photosite must be four times as bright as its second neighbour, not twice: a star of FWHM
    /// 1.6 px, sharper than any telescope of this kind gives, reaches three.
    pub(crate) fn find(chosen: &[DefectFrame<'_>]) -> Defects {
        let m = chosen.len();
        // One frame cannot tell a defect from a cosmic ray.
        if m < 2 {
            return Defects::none();
        }
        let (width, height) = (chosen[0].mosaic.width(), chosen[0].mosaic.height());
        let needed = (7 * m).div_ceil(10);
        let rows = parallel::map(height, |y| row_defects(chosen, y, needed));
        let sites = rows
            .into_iter()
            .enumerate()
            .flat_map(|(y, xs)| xs.into_iter().map(move |x| (y * width + x) as u32))
            .collect();
        Defects::new(width, height, sites)
    }
}

/// Columns of row `y` that stand out in `needed` frames.
fn row_defects(frames: &[DefectFrame<'_>], y: usize, needed: usize) -> Vec<usize> {
    let width = frames[0].mosaic.width();
    let mut bright = vec![0u8; width];
    let mut sharp = vec![0u8; width];
    let mut dark = vec![0u8; width];
    for f in frames {
        let noise = f.sky.noise();
        let pattern = f.mosaic.pattern();
        let row = f.mosaic.row(y);
        // The sky is smooth over 16 px; its level there serves them all.
        for block in (0..width).step_by(16) {
            let level = Band::ALL.map(|b| f.sky.level(b, block as f64 + 8.0, y as f64));
            for x in block..(block + 16).min(width) {
                let band = pattern.band(x, y).index();
                let above = f32::from(row[x]) - level[band];
                if above.abs() <= THRESHOLD * noise[band] {
                    continue;
                }
                let second = second_neighbour(f.mosaic, &level, x, y, above < 0.0);
                let margin = MARGIN * noise[band];
                if above > 0.0 {
                    bright[x] += u8::from(above - 2.0 * second > margin);
                    sharp[x] += u8::from(above - 4.0 * second > margin);
                } else {
                    dark[x] += u8::from(-above - 2.0 * second > margin);
                }
            }
        }
    }
    let moves = |x: usize| {
        let places: Vec<(f64, f64)> = frames.iter().map(|f| f.transform.apply(x as f64, y as f64)).collect();
        let span = |get: fn(&(f64, f64)) -> f64| {
            let (lo, hi) = places
                .iter()
                .map(get)
                .fold((f64::INFINITY, f64::NEG_INFINITY), |(lo, hi), v| (lo.min(v), hi.max(v)));
            hi - lo
        };
        span(|p| p.0).max(span(|p| p.1)) >= MIN_MOTION
    };
    (0..width)
        .filter(|&x| {
            let seen = |count: u8| usize::from(count) >= needed;
            seen(dark[x]) || seen(sharp[x]) || (seen(bright[x]) && moves(x))
        })
        .collect()
}
