//! Least squares from the photosites: the method `lsq`.
//!
//! No debayering and no resampling: for every band the picture is sought (a bilinear spline on the output's pixels) that
//! explains every accepted photosite of every frame best. Noise stays white, colours honest, stars as sharp as the sky gave
//! them.
//!
//! 1. `start`: a robust picture at half the resolution.
//! 2. For each tile of 96 x 96 pixels and each band, `sweep` holds every photosite (`view`) against the model (`model`),
//!    accepts or rejects it and adds it to the moments of its cell; `blocks` finds trails too faint for single samples.
//! 3. `moments` makes the normal equations, `solve` the picture.
//! 4. The second sweep looks again at what was rejected or steep, with the better model; then `solve` once more.
//! 5. `model::flatten` undoes the overshoot of the spline; `noise` tells the variance.
//!
//! See `DESIGN.md` for what each step gives.

mod blocks;
mod model;
mod moments;
mod noise;
mod scatter;
mod solve;
mod start;
mod sweep;
mod tile;
mod view;

pub(crate) use noise::DISCS as COVARIANCE_RADII;
pub(super) use noise::{NoiseProbe, TileProbe, settle_variance};

use super::slab::{Piece, Slab};
use super::{Plan, Watch, add_up};
use crate::parallel;
use crate::simd::{Level, dispatch};
use crate::warp::covered;
use crate::window::Window;
use blocks::Blocks;
use crowdsky_core::Band;
use model::Half;
use moments::Equations;
use noise::Prober;
use solve::Solver;
use start::{Start, robust_start};
use sweep::{First, Record, Second, Thresholds};
use tile::{AREA, HALO, SIDE, STRIP, TILE, Tile};
use view::View;

/// Weight of the prior at each node, in samples of a mean frame, by band. Poorly spread phases need half of one (eight frames
/// without rotation); with 0.1 they give strong noise. Red and blue have half of green's samples: the same prior would make
/// their stars 1 % wider where all are wide. For that their pixels have 2 % more noise (60 frames; 11 % of 8 frames).
const LAMBDA: [f32; 3] = [0.35, 0.5, 0.35];
/// Steps of conjugate gradients of the first and the second solution, which starts from the first: 5, 10 and 20 give the same
/// figures as these on a clear sky. Where the second sweep took a bright intruder away there is more to do (a cosmic ray in the
/// core of a star leaves a fifth of itself after three steps): up to [`MOST_STEPS`], until what is left is one sigma in one node.
const STEPS: [usize; 2] = [4, 3];
const MOST_STEPS: usize = 10;
/// How much of the model's range over 4 x 4 nodes a sample may be off, in units of the threshold: the start is blurred, the
/// first solution is not.
const STEEPNESS: [f32; 2] = [1.0, 0.25];
/// How much a sample may be off for the sake of the scatter seen in its place, likewise: a little more than a Gaussian's, for
/// the seeing is none.
const SCATTER: f32 = 1.4;
/// The second sweep's threshold, of the first's.
const SECOND: f32 = 0.875;
/// The threshold beside dropped blocks, of the first's.
const STRICT: f32 = 0.5;
/// With fewer frames nothing tells which of them is wrong.
const MIN_FRAMES: usize = 4;
/// Tiles whose noise is probed, about.
const PROBES: usize = 24;

/// Working memory of one worker.
struct Scratch<'a> {
    /// The frames that the tile sees, by their numbers.
    views: Vec<(usize, View<'a>)>,
    /// Of each of them.
    blocks: Vec<Blocks>,
    tile: Tile,
    equations: Equations,
    solver: Solver,
    prober: Prober,
    record: Record,
    rejected: Vec<u16>,
    density: Vec<f32>,
    picture: Vec<f32>,
}

impl Scratch<'_> {
    fn new() -> Self {
        Scratch {
            views: Vec::new(),
            blocks: Vec::new(),
            tile: Tile::new(),
            equations: Equations::new(),
            solver: Solver::new(),
            prober: Prober::new(),
            record: Record::default(),
            rejected: vec![0; AREA],
            density: vec![0.0; AREA],
            picture: vec![0.0; AREA],
        }
    }
}

/// What a tile counted: by frame, pixels covered and samples rejected; and its part of the noise probe, if it has one.
struct Counted {
    frames: Vec<(u64, u64)>,
    probe: Option<TileProbe>,
}

/// Columns and rows of a tile.
pub(super) const TILE_SIZE: (usize, usize) = (TILE, TILE);

/// Combines a block of the output; adds to `probes` those of its tiles.
pub(super) fn combine(
    plan: &Plan<'_>,
    windows: &[Window<'_>],
    mut slab: Slab<'_>,
    watch: &Watch<'_>,
    probes: &mut Vec<TileProbe>,
) -> Vec<(u64, u64)> {
    let with_halo = |first: usize, n: usize| {
        let halo = HALO as i64;
        first as i64 - halo..(first + n) as i64 + halo
    };
    let start = robust_start(plan, windows, with_halo(slab.x, slab.width), with_halo(slab.y, slab.rows()));
    let footprint = cover(plan, windows, &mut slab);
    let level = Level::best();
    let pieces = slab.tiles(TILE);
    let total = plan.size.0.div_ceil(TILE) * plan.size.1.div_ceil(TILE);
    let counted = parallel::map_owned(pieces, Scratch::new, |scratch, mut piece| {
        let mut counted = Counted { frames: vec![(0, 0); plan.frames.len()], probe: None };
        if watch.stopped() {
            return counted;
        }
        let number = piece.y / TILE * plan.size.0.div_ceil(TILE) + piece.x / TILE;
        if number.is_multiple_of((total / PROBES).max(1)) {
            counted.probe = Some(TileProbe { tile: number, bands: Default::default() });
        }
        for b in Band::ALL {
            let solved =
                solve_band(plan, windows, &start, scratch, &mut piece, b, level, &mut counted.frames);
            if let Some(probe) = counted.probe.as_mut().filter(|_| solved) {
                scratch.prober.run(
                    &scratch.tile.cells,
                    &scratch.equations,
                    LAMBDA[b.index()],
                    &scratch.density,
                    &mut scratch.solver,
                    (number * 3 + b.index()) as u64,
                    &mut probe.bands[b.index()],
                );
            }
        }
        watch.done(piece.columns, piece.rows());
        counted
    });
    let mut frames = vec![footprint];
    for part in counted {
        probes.extend(part.probe);
        frames.push(part.frames);
    }
    add_up(plan.frames.len(), frames)
}

/// Counts the frames that cover each pixel; returns by frame how many pixels it covers.
fn cover(plan: &Plan<'_>, windows: &[Window<'_>], slab: &mut Slab<'_>) -> Vec<(u64, u64)> {
    let (left, width) = (slab.x, slab.width);
    let mut counts = vec![(0, 0); plan.frames.len()];
    let mut changes = vec![0i32; width + 1];
    for j in 0..slab.rows() {
        changes.fill(0);
        for ((frame, window), count) in plan.frames.iter().zip(windows).zip(&mut counts) {
            let first = frame.to_frame.apply(0.0, (slab.y + j) as f64);
            let step = (frame.to_frame.rows[0][0], frame.to_frame.rows[1][0]);
            let (from, to) = covered(first, step, plan.size.0, (window.width(), window.height()));
            let (from, to) = (from.clamp(left, left + width) - left, to.clamp(left, left + width) - left);
            changes[from] += 1;
            changes[to] -= 1;
            count.0 += (to - from) as u64;
        }
        let mut frames = 0;
        for (n, change) in slab.footprint[j * width..(j + 1) * width].iter_mut().zip(&changes) {
            frames += change;
            *n = frames as u16;
        }
    }
    counts
}

/// Solves one band of a tile and writes its pixels; `false` if no frame touches it.
#[allow(clippy::too_many_arguments)] // A step of the tile, with all its working memory.
fn solve_band<'a>(
    plan: &'a Plan<'_>,
    windows: &[Window<'a>],
    start: &Start,
    scratch: &mut Scratch<'a>,
    piece: &mut Piece<'_>,
    band: Band,
    level: Level,
    counts: &mut [(u64, u64)],
) -> bool {
    let Scratch { views, blocks, tile, equations, solver, record, rejected, density, picture, .. } = scratch;
    let b = band.index();
    tile.origin = (piece.x as i64 - HALO as i64, piece.y as i64 - HALO as i64);
    let half = Half { width: start.width, first: start.first, values: &start.planes[b] };
    half.upsample(tile, plan.sky[b]);
    tile.reset();
    record.clear();
    rejected.fill(0);
    let reject = plan.frames.len() >= MIN_FRAMES;
    let threshold = if reject { plan.sigma } else { f32::INFINITY };
    let thresholds = [threshold, SECOND * threshold].map(|usual| Thresholds {
        usual,
        strict: STRICT * plan.sigma,
        flat: 1.5 * plan.sigma,
    });
    views.clear();
    let origin = tile.origin;
    views.extend(
        plan.frames
            .iter()
            .zip(windows)
            .enumerate()
            .filter_map(|(k, (frame, window))| Some((k, View::new(frame, *window, band, origin)?))),
    );
    if views.is_empty() {
        return false;
    }
    if blocks.len() < views.len() {
        blocks.resize_with(views.len(), Blocks::default);
    }
    for ((_, view), blocks) in views.iter().zip(blocks.iter_mut()) {
        blocks.begin(view);
    }
    model::allow_for_steepness(tile, STEEPNESS[0] * plan.sigma);
    for from in (0..SIDE).step_by(STRIP) {
        for ((_, view), blocks) in views.iter().zip(blocks.iter_mut()) {
            let rows = view.rows_between(from, from + STRIP);
            if !rows.is_empty() {
                let thresholds = thresholds[0];
                dispatch(
                    level,
                    First { tile: &mut *tile, view, rows, thresholds, blocks, record: &mut *record },
                );
            }
        }
    }
    improve(tile, equations, solver, LAMBDA[b], STEPS[0], plan.unit(b));
    if reject {
        for ((_, view), blocks) in views.iter().zip(blocks.iter_mut()) {
            blocks.judge(view.variance.sqrt());
        }
        model::allow_for_steepness(tile, STEEPNESS[1] * SECOND * plan.sigma);
        scatter::allow_for_scatter(tile, plan.unit(b), SCATTER * SECOND * plan.sigma);
        for from in (0..SIDE).step_by(STRIP) {
            for ((k, view), blocks) in views.iter().zip(blocks.iter()) {
                let rows = view.rows_between(from, from + STRIP);
                if rows.is_empty() {
                    continue;
                }
                let second = Second {
                    tile: &mut *tile,
                    view,
                    rows,
                    thresholds: thresholds[1],
                    blocks,
                    record: &mut *record,
                    rejected: &mut *rejected,
                };
                counts[*k].1 += dispatch(level, second);
            }
        }
        improve(tile, equations, solver, LAMBDA[b], STEPS[1], plan.unit(b));
    }
    noise::density(&tile.cells, &mut tile.scratch[0], density);
    model::flatten(&tile.model, &mut tile.scratch[0], picture);
    write(piece, b, picture, density, rejected);
    true
}

/// The model from the moments.
fn improve(
    tile: &mut Tile,
    equations: &mut Equations,
    solver: &mut Solver,
    lambda: f32,
    steps: usize,
    unit: f32,
) {
    equations.assemble(&tile.cells);
    for d in &mut equations.diagonal {
        *d += lambda;
    }
    solver.solve(equations, &equations.right, &mut tile.delta, (steps, MOST_STEPS), unit);
    for ((m, s), d) in tile.model.iter_mut().zip(&tile.start).zip(&tile.delta) {
        *m = s + d;
    }
}

/// The tile's own pixels into the output; what no frame covers stays NaN.
fn write(piece: &mut Piece<'_>, band: usize, picture: &[f32], density: &[f32], rejected: &[u16]) {
    for j in 0..piece.rows() {
        let at = (j + HALO) * SIDE + HALO;
        let n = piece.columns;
        let covered = &piece.footprint[j][..n];
        let row = picture[at..at + n].iter().zip(&density[at..at + n]).zip(covered);
        let out = piece.planes[band][j].iter_mut().zip(piece.variance[band][j].iter_mut());
        for (((&value, &density), &frames), (plane, variance)) in row.zip(out) {
            if frames > 0 {
                (*plane, *variance) = (value, density);
            }
        }
        for (sum, n) in piece.rejected[j].iter_mut().zip(&rejected[at..at + n]) {
            *sum += n;
        }
    }
}
