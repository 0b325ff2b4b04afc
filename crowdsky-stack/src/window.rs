//! The rows of a frame that are in memory.

use crate::mosaic::Mosaic;
use crowdsky_core::BayerPattern;
use std::ops::Range;

/// Some rows of a frame's photosites: all of them, or those a band of the output needs.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Window<'a> {
    width: usize,
    height: usize,
    pattern: BayerPattern,
    /// The frame's row that `pixels` begins with.
    first: usize,
    pixels: &'a [u16],
}

impl<'a> Window<'a> {
    /// All rows.
    pub(crate) fn whole(mosaic: &'a Mosaic) -> Window<'a> {
        Window {
            width: mosaic.width(),
            height: mosaic.height(),
            pattern: mosaic.pattern(),
            first: 0,
            pixels: mosaic.pixels(),
        }
    }

    /// Whole rows from `first` on of a frame of `size` (columns, rows).
    pub(crate) fn part(
        size: (usize, usize),
        pattern: BayerPattern,
        first: usize,
        pixels: &'a [u16],
    ) -> Window<'a> {
        Window { width: size.0, height: size.1, pattern, first, pixels }
    }

    /// Columns.
    pub(crate) fn width(&self) -> usize {
        self.width
    }

    /// Rows of the frame, in memory or not.
    pub(crate) fn height(&self) -> usize {
        self.height
    }

    /// The colour filter's pattern.
    pub(crate) fn pattern(&self) -> BayerPattern {
        self.pattern
    }

    /// The rows that are there.
    pub(crate) fn rows(&self) -> Range<usize> {
        self.first..self.first + self.pixels.len() / self.width
    }

    /// Row `y` of the frame, which has to be one of [`Self::rows`].
    #[inline]
    pub(crate) fn row(&self, y: usize) -> &'a [u16] {
        let at = (y - self.first) * self.width;
        &self.pixels[at..at + self.width]
    }
}
