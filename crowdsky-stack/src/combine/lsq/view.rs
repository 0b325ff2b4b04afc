//! A frame as a tile sees it: which photosites of a band fall into it, and where.

use super::tile::SIDE;
use crate::combine::Registered;
use crate::defects::Defects;
use crate::levels::SkyDifference;
use crate::window::Window;
use crowdsky_core::Band;
use std::ops::Range;

/// Columns of a frame whose photosites of one colour are looked at together: eight of them.
pub(super) const GROUP: usize = 16;

/// One frame and band, seen from one tile.
pub(super) struct View<'a> {
    window: Window<'a>,
    pub(super) defects: &'a Defects,
    difference: &'a SkyDifference,
    pub(super) band: Band,
    /// Frame pixel to node of the tile.
    inverse: [[f64; 3]; 2],
    /// Columns of the frame to a node, across the tile and down; infinite where a frame's row stays on a tile's.
    columns_per_node: [f64; 2],
    /// Rows of the frame that can fall into the tile.
    pub(super) rows: Range<usize>,
    /// Columns of the frame that can, roughly.
    pub(super) columns: Range<usize>,
    gain: f64,
    /// Noise variance of one sample, ADU² of the output.
    pub(super) variance: f32,
    pub(super) weight: f32,
}

/// The photosites of one band in one row: every second of columns `start..`, in groups of [`GROUP`] columns that begin at
/// multiples of [`GROUP`] of the frame.
#[derive(Clone, Copy)]
pub(super) struct Row {
    /// Column of the first group.
    pub(super) start: usize,
    /// Whether the band's photosites stand in odd columns.
    pub(super) odd: bool,
    /// Photosites of the first group that are left of the tile.
    pub(super) skip: usize,
    /// Photosites, those skipped included.
    pub(super) count: usize,
    /// Node coordinates of the first group's first photosite, and the step to the next column.
    pub(super) x: f32,
    pub(super) y: f32,
    pub(super) dx: f32,
    pub(super) dy: f32,
    /// The frame's level less the output's there, in output units: value, and its change by column and by column squared.
    pub(super) level: [f32; 3],
}

impl<'a> View<'a> {
    /// `None` if the frame misses the tile with its first node at output pixel `origin`.
    pub(super) fn new(
        frame: &'a Registered<'_>,
        window: Window<'a>,
        band: Band,
        origin: (i64, i64),
    ) -> Option<View<'a>> {
        let last = (SIDE - 1) as f64;
        let (left, top) = (origin.0 as f64, origin.1 as f64);
        let (mut us, mut vs) = ((f64::INFINITY, f64::NEG_INFINITY), (f64::INFINITY, f64::NEG_INFINITY));
        for (x, y) in [(left, top), (left + last, top), (left, top + last), (left + last, top + last)] {
            let (u, v) = frame.to_frame.apply(x, y);
            us = (us.0.min(u), us.1.max(u));
            vs = (vs.0.min(v), vs.1.max(v));
        }
        let span = |(low, high): (f64, f64), within: Range<usize>| {
            let (a, b) = (within.start as f64, within.end as f64);
            low.ceil().clamp(a, b) as usize..(high.floor() + 1.0).clamp(a, b) as usize
        };
        let columns = span(us, 0..window.width());
        let rows = span(vs, window.rows());
        if columns.is_empty() || rows.is_empty() {
            return None;
        }
        let mut inverse = frame.to_frame.invert()?.rows;
        inverse[0][2] -= left;
        inverse[1][2] -= top;
        let columns_per_node =
            [inverse[0][0], inverse[1][0]].map(|s: f64| if s.abs() < 1e-9 { f64::INFINITY } else { 1.0 / s });
        let b = band.index();
        let gain = 1.0 / frame.transparency;
        Some(View {
            window,
            defects: frame.defects,
            difference: &frame.difference,
            band,
            inverse,
            columns_per_node,
            rows,
            columns,
            gain,
            variance: (f64::from(frame.noise[b]) * gain).powi(2) as f32,
            weight: frame.weight[b],
        })
    }

    /// Raw ADU to output units.
    pub(super) fn gain(&self) -> f32 {
        self.gain as f32
    }

    /// The photosites of row `v`, from column [`Self::first_column`] on.
    pub(super) fn sites(&self, v: usize) -> &'a [u16] {
        self.window.row(v)
    }

    /// The frame's column that [`Self::sites`] begins with.
    #[inline(always)]
    pub(super) fn first_column(&self) -> usize {
        self.window.first_column()
    }

    /// The rows whose middles lie between the tile's rows `from` (included) and `to` (not); whatever the turn of the frame,
    /// ranges that join give rows that join. Rows that run down the tile rather than across it all belong to its first row.
    pub(super) fn rows_between(&self, from: usize, to: usize) -> Range<usize> {
        let [d, e, f] = self.inverse[1];
        let (first, end) = (self.rows.start as f64, self.rows.end as f64);
        let middle = 0.5 * (self.columns.start + self.columns.end) as f64;
        let bound = |y: usize| {
            if y == 0 || y >= SIDE {
                // Beyond all rows, on the side where they begin or end.
                return if (y == 0) == (e > 0.0) { first } else { end };
            }
            let v = (y as f64 - f - d * middle) / e;
            (if e > 0.0 { v.ceil() } else { v.floor() + 1.0 }).clamp(first, end)
        };
        if e.abs() < 0.5 {
            return if from == 0 { self.rows.clone() } else { 0..0 };
        }
        let (a, b) = (bound(from) as usize, bound(to) as usize);
        a.min(b)..a.max(b)
    }

    /// What of row `v` falls into the tile.
    // Inlined, so that rounding is an instruction and not a call where the kernel is compiled for more than SSE2.
    #[inline(always)]
    pub(super) fn row(&self, v: usize) -> Option<Row> {
        let pattern = self.window.pattern();
        let odd = match self.band {
            b if pattern.band(0, v) == b => false,
            b if pattern.band(1, v) == b => true,
            _ => return None,
        };
        let [[a, b, c], [d, e, f]] = self.inverse;
        let (x0, y0) = (b * v as f64 + c, e * v as f64 + f);
        // A thousandth short of the last node, so that rounding to single precision cannot reach it.
        let last = (SIDE - 1) as f64 - 1e-3;
        let (mut low, mut high) = (0.0f64, (self.window.width() - 1) as f64);
        for (start, columns) in [(x0, self.columns_per_node[0]), (y0, self.columns_per_node[1])] {
            if columns.is_infinite() {
                if !(0.0..last).contains(&start) {
                    return None;
                }
                continue;
            }
            let (p, q) = (-start * columns, (last - start) * columns);
            low = low.max(p.min(q).ceil());
            high = high.min(p.max(q).floor());
        }
        if high < low {
            return None;
        }
        let parity = usize::from(odd);
        let mut first = low as usize;
        first += (first ^ parity) & 1;
        let end = high as usize;
        if first > end {
            return None;
        }
        let start = first / GROUP * GROUP;
        let begin = start + parity;
        let at = begin as f64;
        let level = self.difference.along_row(self.band, at, v as f64).map(|q| (q * self.gain) as f32);
        Some(Row {
            start,
            odd,
            skip: (first - begin) / 2,
            count: (end - begin) / 2 + 1,
            x: (a * at + x0) as f32,
            y: (d * at + y0) as f32,
            dx: a as f32,
            dy: d as f32,
            level,
        })
    }
}
