//! The part of a frame that is in memory.

use crate::mosaic::Mosaic;
use crowdsky_core::BayerPattern;
use std::ops::Range;

/// A rectangle of a frame's photosites: all of them, or those that a block of the output needs.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Window<'a> {
    width: usize,
    height: usize,
    pattern: BayerPattern,
    /// Column and row of the frame that `pixels` begins with.
    first: (usize, usize),
    /// Columns of `pixels`.
    columns: usize,
    pixels: &'a [u16],
}

impl<'a> Window<'a> {
    /// All of a frame.
    pub(crate) fn whole(mosaic: &'a Mosaic) -> Window<'a> {
        Window {
            width: mosaic.width(),
            height: mosaic.height(),
            pattern: mosaic.pattern(),
            first: (0, 0),
            columns: mosaic.width(),
            pixels: mosaic.pixels(),
        }
    }

    /// `columns` from row `first_row` on of a frame of `size` (columns, rows): as many rows as `pixels` hold.
    pub(crate) fn part(
        size: (usize, usize),
        pattern: BayerPattern,
        columns: Range<usize>,
        first_row: usize,
        pixels: &'a [u16],
    ) -> Window<'a> {
        let first = (columns.start, first_row);
        Window { width: size.0, height: size.1, pattern, first, columns: columns.len(), pixels }
    }

    /// Columns of the frame, in memory or not.
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

    /// The frame's rows that are there.
    pub(crate) fn rows(&self) -> Range<usize> {
        self.first.1..self.first.1 + self.pixels.len().checked_div(self.columns).unwrap_or(0)
    }

    /// The frame's column that rows begin with.
    #[inline]
    pub(crate) fn first_column(&self) -> usize {
        self.first.0
    }

    /// What is there of row `y` of the frame, from [`Self::first_column`] on.
    #[inline]
    pub(crate) fn row(&self, y: usize) -> &'a [u16] {
        let at = (y - self.first.1) * self.columns;
        &self.pixels[at..at + self.columns]
    }

    /// Photosite (`x`, `y`) of the frame.
    #[inline]
    pub(crate) fn at(&self, x: usize, y: usize) -> u16 {
        self.row(y)[x - self.first.0]
    }
}
