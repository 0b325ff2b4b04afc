//! Photosites that glow or are dead in every frame, found in the frames themselves.

mod bright;
mod faint;
mod search;

pub(crate) use search::{DefectFrame, Search};

/// The defects of one sensor: pixel numbers (`y * width + x`) in ascending order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Defects {
    width: usize,
    sites: Vec<u32>,
    /// A bit for each photosite: by row, then even and odd columns, then eight of these columns to a byte.
    lanes: Vec<u8>,
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
}
