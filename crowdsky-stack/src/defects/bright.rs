//! Hot and dead photosites: they stand out alone in most single frames.

use super::search::{DefectFrame, Levels};
use crate::spikes::{MARGIN, second_neighbour};

/// A defect stands out this far, in sigma of the photosite's noise.
pub(super) const THRESHOLD: f32 = 6.0;

/// Of every photosite: frames in which it is bright and alone, very much alone, and dark and alone.
pub(super) struct Counts {
    size: (usize, usize),
    counts: Vec<[u8; 3]>,
}

impl Counts {
    pub(super) fn new(size: (usize, usize)) -> Counts {
        Counts { size, counts: vec![[0; 3]; size.0 * size.1] }
    }

    /// The counts of `rows` rows each.
    pub(super) fn bands(&mut self, rows: usize) -> Vec<&mut [[u8; 3]]> {
        self.counts.chunks_mut(rows * self.size.0).collect()
    }

    /// Whether photosite (`x`, `y`) is a defect, of so many frames counted.
    ///
    /// Stars move over the sensor and defects do not. Where nothing moved (near the centre of rotation, or in equatorial
    /// mode without dither) a photosite must be four times as bright as its second neighbour, not twice: a star of FWHM
    /// 1.6 px, sharper than any telescope of this kind gives, reaches three.
    pub(super) fn tell(&self, x: usize, y: usize, frames: usize, moves: impl Fn() -> bool) -> bool {
        let needed = (7 * frames).div_ceil(10);
        let [bright, sharp, dark] =
            self.counts[y * self.size.0 + x].map(|count| usize::from(count) >= needed);
        dark || sharp || (bright && moves())
    }
}

/// Counts the photosites of a frame that stand out, in the rows of `counts` from `first` on.
pub(super) fn count(frame: &DefectFrame<'_>, levels: &Levels, first: usize, counts: &mut [[u8; 3]]) {
    let (mosaic, noise) = (frame.mosaic, frame.sky.noise());
    let (width, pattern) = (mosaic.width(), mosaic.pattern());
    for (columns, level) in levels.blocks(width) {
        for (y, counts) in (first..).zip(counts.chunks_exact_mut(width)) {
            let row = mosaic.row(y);
            for x in columns.clone() {
                let band = pattern.band(x, y).index();
                let above = f32::from(row[x]) - level[band];
                if above.abs() <= THRESHOLD * noise[band] {
                    continue;
                }
                let second = second_neighbour(mosaic, level, x, y, above < 0.0);
                let alone = |factor: f32| u8::from(above.abs() - factor * second > MARGIN * noise[band]);
                let [bright, sharp, dark] = &mut counts[x];
                if above > 0.0 {
                    *bright += alone(2.0);
                    *sharp += alone(4.0);
                } else {
                    *dark += alone(2.0);
                }
            }
        }
    }
}
