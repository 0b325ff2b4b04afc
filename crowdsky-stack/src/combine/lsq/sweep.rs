//! Twice over all samples of a tile: which belong, and their moments.

use super::blocks::{Blocks, Fate};
use super::tile::{AREA, HALO, SIDE, STRIP, Tile};
use super::view::{GROUP, Row, View};
use crate::simd::{Kernel, LANES, Lanes, Samples, add_sample};
use std::ops::Range;

/// Thresholds of a sweep, in sigma of a sample.
#[derive(Debug, Clone, Copy)]
pub(super) struct Thresholds {
    /// A sample is rejected beyond this.
    pub(super) usual: f32,
    /// The same beside a dropped block.
    pub(super) strict: f32,
    /// Cells whose allowance is above this many sigma are steep: looked at again, and left out of the search for trails.
    pub(super) flat: f32,
}

/// What the first sweep leaves for the second, of all frames and groups of a tile in their order.
#[derive(Debug, Default)]
pub(super) struct Record {
    /// Per group: the accepted lanes.
    accepted: Vec<u8>,
    /// Per group: whether the second sweep has to look at it.
    look: Vec<bool>,
    /// The group that the second sweep has reached.
    place: usize,
}

impl Record {
    pub(super) fn clear(&mut self) {
        self.accepted.clear();
        self.look.clear();
        self.place = 0;
    }
}

/// The samples of one group against the model.
struct Group<L: Lanes> {
    gx: L::F,
    gy: L::F,
    /// Sample less model, output units.
    residual: L::F,
    model: L::F,
    allowance: L::F,
    /// Cell of each lane.
    cell: L::I,
    /// Lanes that are photosites of the tile and no defects.
    lanes: u32,
}

/// Fetches the row that comes in the next strip: pieces of 200 bytes, of 60 frames in turn, are nothing that the
/// processor foresees. Gives 1.5 %.
#[inline(always)]
fn fetch_ahead<L: Lanes>(view: &View<'_>, v: usize, row: &Row) {
    /// Photosites in a line of the cache.
    const LINE: usize = 32;
    if v + STRIP < view.rows.end {
        let (sites, from) = (view.sites(v + STRIP), row.start - view.first_column());
        for line in 0..(2 * row.count).div_ceil(LINE) + 1 {
            L::prefetch(sites, from + line * LINE);
        }
    }
}

/// Looks at the group that begins `site` photosites after the row's start.
#[inline(always)]
fn look<L: Lanes>(tile: &Tile, view: &View<'_>, v: usize, row: &Row, site: usize, sites: &[u16]) -> Group<L> {
    let column = row.start + 2 * site;
    let mut lanes = 0xffu32;
    if row.count - site < LANES {
        lanes = (1 << (row.count - site)) - 1;
    }
    if site == 0 {
        lanes &= 0xff << row.skip;
    }
    lanes &= !u32::from(view.defects.lanes(v, row.odd, column));
    let at = column - view.first_column();
    let raw = match sites.get(at..at + GROUP).and_then(|s| s.try_into().ok()) {
        Some(all) => L::photosites(all, row.odd),
        None => {
            let mut padded = [0u16; GROUP];
            let there = &sites[at..];
            padded[..there.len()].copy_from_slice(there);
            L::photosites(&padded, row.odd)
        }
    };
    let step = L::load(&std::array::from_fn(|i| (2 * i) as f32));
    let u = L::add(L::splat((2 * site) as f32), step);
    let x = L::add(L::mul(L::splat(row.dx), u), L::splat(row.x));
    let y = L::add(L::mul(L::splat(row.dy), u), L::splat(row.y));
    let last = SIDE as i32 - 2;
    let (ix, iy) = (L::index(x, last), L::index(y, last));
    let (fx, fy) = (L::sub(x, L::to_float(ix)), L::sub(y, L::to_float(iy)));
    let cell = L::at(iy, ix, SIDE as i32);
    let (corners, allowance) = around::<L>(tile, cell, lanes);
    let top = L::add(L::mul(L::sub(corners[1], corners[0]), fx), corners[0]);
    let bottom = L::add(L::mul(L::sub(corners[3], corners[2]), fx), corners[2]);
    let model = L::add(L::mul(L::sub(bottom, top), fy), top);
    let slope = L::add(L::mul(L::splat(row.level[2]), u), L::splat(row.level[1]));
    let level = L::add(L::mul(slope, u), L::splat(row.level[0]));
    let value = L::sub(L::mul(raw, L::splat(view.gain())), level);
    let half = L::splat(0.5);
    Group {
        gx: L::sub(fx, half),
        gy: L::sub(fy, half),
        residual: L::sub(value, model),
        model,
        allowance,
        cell,
        lanes,
    }
}

/// The model at the four corners of each lane's cell, and the cell's allowance. What lanes get that are not in `lanes` is of no
/// use to them.
#[inline(always)]
fn around<L: Lanes>(tile: &Tile, cell: L::I, lanes: u32) -> ([L::F; 4], L::F) {
    let (model, allowance) = (&tile.model[..AREA], &tile.allowance[..AREA]);
    // Frames turn little as a rule: the cells of neighbouring photosites are every second one of a row. Sixteen values in a
    // piece, sorted, are faster than forty that are gathered: 5 % of the run where the field turns by 2.5 degrees.
    let anchor = lanes.trailing_zeros().min(LANES as u32 - 1) as usize;
    let first = L::store_index(cell)[anchor] - 2 * anchor as i32;
    if L::every_second(cell, first) & lanes == lanes
        && let Ok(from) = usize::try_from(first)
        && let (Some(top), Some(bottom)) = (sixteen(model, from), sixteen(model, from + SIDE))
        && let Some(allowed) = sixteen(allowance, from)
    {
        let ([a, b], [c, d], [allowance, _]) = (L::pairs(top), L::pairs(bottom), L::pairs(allowed));
        return ([a, b, c, d], allowance);
    }
    // SAFETY: both indices of a cell lie in 0..=SIDE - 2, so its four nodes lie within the AREA = SIDE² values of each slice.
    #[allow(unsafe_code)]
    unsafe {
        let corners = [
            L::gather(model, cell),
            L::gather(&model[1..], cell),
            L::gather(&model[SIDE..], cell),
            L::gather(&model[SIDE + 1..], cell),
        ];
        (corners, L::gather(allowance, cell))
    }
}

/// Sixteen values from the place `from` on.
#[inline(always)]
fn sixteen(values: &[f32], from: usize) -> Option<&[f32; 2 * LANES]> {
    values.get(from..)?.first_chunk()
}

/// Lanes whose residual is at most `sigmas` beyond the allowance.
#[inline(always)]
fn within<L: Lanes>(group: &Group<L>, sigmas: f32, variance: f32) -> u32 {
    let limit = L::add(L::splat(sigmas * sigmas * variance), group.allowance);
    L::le(L::mul(group.residual, group.residual), limit) & group.lanes
}

/// The first sweep over some rows of a frame: accepts samples and adds their moments.
pub(super) struct First<'a> {
    pub(super) tile: &'a mut Tile,
    pub(super) view: &'a View<'a>,
    pub(super) rows: Range<usize>,
    pub(super) thresholds: Thresholds,
    pub(super) blocks: &'a mut Blocks,
    pub(super) record: &'a mut Record,
}

impl Kernel for First<'_> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes>(self) {
        let First { tile, view, rows, thresholds, blocks, record } = self;
        let sigma = view.variance.sqrt();
        let flat = L::splat((thresholds.flat * sigma).powi(2));
        let (high, low) = (L::splat(5.0 * sigma), L::splat(-5.0 * sigma));
        let weight = L::splat(view.weight);
        for v in rows {
            let Some(row) = view.row(v) else { continue };
            let sites = view.sites(v);
            fetch_ahead::<L>(view, v, &row);
            for site in (0..row.count).step_by(LANES) {
                let group = look::<L>(tile, view, v, &row, site, sites);
                let accepted = within(&group, thresholds.usual, view.variance);
                let level = L::lt(group.allowance, flat) & group.lanes;
                let wr = L::mul(group.residual, weight);
                let wrr = L::mul(wr, group.residual);
                let samples = Samples { gx: group.gx, gy: group.gy, wr, wrr };
                L::add_moments(&mut tile.cells, group.cell, &samples, view.weight, accepted);
                let rejected = group.lanes & !accepted;
                if rejected != 0 {
                    count_rejects(tile, &group, rejected);
                }
                record.accepted.push(accepted as u8);
                record.look.push(rejected != 0 || level != group.lanes);
                let block = blocks.at(row.start + 2 * site, v);
                let clipped = L::keep(L::max(L::min(group.residual, high), low), level);
                let sums = &mut blocks.sums[block];
                *sums = L::store(L::add(L::load(sums), clipped));
                blocks.counts[block] += level.count_ones();
            }
        }
    }
}

#[inline(never)]
fn count_rejects<L: Lanes>(tile: &mut Tile, group: &Group<L>, bits: u32) {
    let cell = L::store_index(group.cell);
    for (i, &cell) in cell.iter().enumerate() {
        tile.rejects[cell as usize] = tile.rejects[cell as usize].saturating_add((bits >> i & 1) as u16);
    }
}

/// The second sweep over the same rows: looks again, with the better model, at what was rejected or steep, and at judged
/// blocks.
pub(super) struct Second<'a> {
    pub(super) tile: &'a mut Tile,
    pub(super) view: &'a View<'a>,
    pub(super) rows: Range<usize>,
    pub(super) thresholds: Thresholds,
    pub(super) blocks: &'a Blocks,
    pub(super) record: &'a mut Record,
    /// Rejected samples by node nearest to them, within the tile's own pixels.
    pub(super) rejected: &'a mut [u16],
}

impl Kernel for Second<'_> {
    /// Rejected samples within the tile's own pixels.
    type Output = u64;

    #[inline(always)]
    fn run<L: Lanes>(self) -> u64 {
        let Second { tile, view, rows, thresholds, blocks, record, rejected } = self;
        let mut lost = 0;
        for v in rows {
            let Some(row) = view.row(v) else { continue };
            let sites = view.sites(v);
            fetch_ahead::<L>(view, v, &row);
            for site in (0..row.count).step_by(LANES) {
                let at = record.place;
                record.place += 1;
                let fate = blocks.fate(row.start + 2 * site, v);
                if !record.look[at] && fate == Fate::Usual {
                    continue;
                }
                let group = look::<L>(tile, view, v, &row, site, sites);
                let accepted = match fate {
                    Fate::Usual => within(&group, thresholds.usual, view.variance),
                    Fate::Strict => within(&group, thresholds.strict, view.variance),
                    Fate::Drop => 0,
                };
                let changed = accepted ^ u32::from(record.accepted[at]);
                if changed != 0 {
                    change(tile, &group, accepted, changed, view.weight);
                }
                let out = group.lanes & !accepted;
                if out != 0 {
                    lost += mark(&group, out, rejected);
                }
            }
        }
        lost
    }
}

/// Adds the moments of lanes that are accepted now, takes off those of lanes that are not any more. Residuals are kept
/// relative to the start.
#[inline(never)]
fn change<L: Lanes>(tile: &mut Tile, group: &Group<L>, accepted: u32, changed: u32, weight: f32) {
    let (gx, gy, cell) = (L::store(group.gx), L::store(group.gy), L::store_index(group.cell));
    let (residual, model) = (L::store(group.residual), L::store(group.model));
    for i in (0..LANES).filter(|i| changed >> i & 1 == 1) {
        let o = cell[i] as usize;
        let (fx, fy) = (gx[i] + 0.5, gy[i] + 0.5);
        let s = &tile.start;
        let top = s[o] + (s[o + 1] - s[o]) * fx;
        let bottom = s[o + SIDE] + (s[o + SIDE + 1] - s[o + SIDE]) * fx;
        let from_start = residual[i] + model[i] - (top + (bottom - top) * fy);
        let w = if accepted >> i & 1 == 1 { weight } else { -weight };
        add_sample(&mut tile.cells[o], gx[i], gy[i], w, w * from_start, 0.0);
    }
}

/// Counts rejected samples at their nearest nodes; returns how many lie within the tile's own pixels.
#[inline(never)]
fn mark<L: Lanes>(group: &Group<L>, out: u32, rejected: &mut [u16]) -> u64 {
    let (gx, gy, cell) = (L::store(group.gx), L::store(group.gy), L::store_index(group.cell));
    let own = HALO..SIDE - HALO;
    let mut count = 0;
    for i in (0..LANES).filter(|i| out >> i & 1 == 1) {
        let (x, y) = (cell[i] as usize % SIDE, cell[i] as usize / SIDE);
        let (x, y) = (x + usize::from(gx[i] >= 0.0), y + usize::from(gy[i] >= 0.0));
        if own.contains(&x) && own.contains(&y) {
            rejected[y * SIDE + x] += 1;
            count += 1;
        }
    }
    count
}
