//! Debayer, sample, reject, average: the methods `mean` and `median`.
//!
//! For each tile of the output every frame's mosaic is debayered and sampled where the tile lies in it, brought to a common
//! level and transparency, held against the others ([`crate::reject`]) and averaged.

mod mean;
mod median;

use super::slab::Slab;
use super::{Plan, Registered, Watch, add_up};
use crate::debayer::ColourBox;
use crate::options::Method;
use crate::parallel;
use crate::reject::{BLOCK, INTERPOLATED_NOISE, MISSING, REJECTED, Rejector, TileSamples};
use crate::warp::{Line, covered, sample_line, source_box};
use crate::window::Window;

/// Columns of a tile. A row of a frame's photosites under it is a piece of memory of its own: with 128 columns half as many
/// cache lines are cut as with 64 (combining 60 frames takes 2.7 s of one core, not 3.0).
const TILE_WIDTH: usize = 128;
/// Bytes of samples and flags a tile may take: of 1, 2 and 4 MB the middle one was fastest, though by little.
const TILE_BYTES: usize = 2 << 20;

/// Columns and rows of a tile for `frames` frames: as many rows as the cache holds, whole blocks, 8 to 64.
pub(super) fn tile(frames: usize) -> (usize, usize) {
    let row = frames.max(1) * TILE_WIDTH * 13;
    (TILE_WIDTH, (TILE_BYTES / row / BLOCK * BLOCK).clamp(BLOCK, 64))
}

struct Scratch {
    colours: ColourBox,
    line: [[f32; 4]; TILE_WIDTH],
    samples: TileSamples,
    rejector: Rejector,
    /// The frames that touch the tile.
    present: Vec<usize>,
}

impl Scratch {
    fn new() -> Scratch {
        Scratch {
            colours: ColourBox::default(),
            line: [[0.0; 4]; TILE_WIDTH],
            samples: TileSamples::default(),
            rejector: Rejector::default(),
            present: Vec::new(),
        }
    }
}

/// Combines a part of the output; returns by frame the pixels covered and rejected.
pub(super) fn combine(
    plan: &Plan<'_>,
    windows: &[Window<'_>],
    slab: Slab<'_>,
    watch: &Watch<'_>,
) -> Vec<(u64, u64)> {
    let strips = slab.split(tile(plan.frames.len()).1);
    let counted = parallel::map_owned(strips, Scratch::new, |scratch, mut strip| {
        if watch.stopped() {
            return Vec::new();
        }
        let counts = combine_strip(plan, windows, scratch, &mut strip);
        watch.done(strip.width, strip.rows());
        counts
    });
    add_up(plan.frames.len(), counted)
}

fn combine_strip(
    plan: &Plan<'_>,
    windows: &[Window<'_>],
    scratch: &mut Scratch,
    strip: &mut Slab<'_>,
) -> Vec<(u64, u64)> {
    let (width, height) = (strip.width, strip.rows());
    let mut counts = vec![(0u64, 0u64); plan.frames.len()];
    for x in (0..width).step_by(TILE_WIDTH) {
        let columns = TILE_WIDTH.min(width - x);
        let left = strip.x + x;
        gather(plan, windows, scratch, (left, left + columns), (strip.y, strip.y + height));
        let samples = &scratch.samples;
        if samples.frames() == 0 {
            continue;
        }
        scratch.rejector.run(samples, plan.sigma, plan.sky);
        let area = samples.area();
        for (i, &k) in scratch.present.iter().enumerate() {
            let flags = scratch.rejector.flags[i * area..(i + 1) * area].chunks_exact(columns);
            for (row, flags) in flags.enumerate() {
                let at = row * width + x;
                let (covered, rejected) = count(
                    flags,
                    &mut strip.footprint[at..at + columns],
                    &mut strip.rejected[at..at + columns],
                );
                counts[k].0 += u64::from(covered);
                counts[k].1 += u64::from(rejected);
            }
        }
        for band in 0..3 {
            let combined = match plan.method {
                Method::Median => median::combine(samples, &scratch.rejector, band),
                _ => {
                    let weights: Vec<f32> =
                        scratch.present.iter().map(|&k| plan.frames[k].weight[band]).collect();
                    mean::combine(samples, &scratch.rejector, band, &weights)
                }
            };
            for (row, out) in combined.chunks_exact(columns).zip(strip.planes[band].chunks_exact_mut(width)) {
                out[x..x + columns].copy_from_slice(row);
            }
        }
    }
    counts
}

/// Adds one row of a frame's flags to the maps; returns how many pixels it covers and how many were rejected.
fn count(flags: &[u8], footprint: &mut [u16], rejected: &mut [u16]) -> (u32, u32) {
    let (mut covered, mut lost) = (0u32, 0u32);
    for ((f, n), r) in flags.iter().zip(footprint).zip(rejected) {
        let (there, out) = (u16::from(f & MISSING == 0), u16::from(f & REJECTED));
        *n += there;
        *r += out;
        covered += u32::from(there);
        lost += u32::from(out);
    }
    (covered, lost)
}

/// Samples all frames that touch the tile `xs`, `ys`.
fn gather(
    plan: &Plan<'_>,
    windows: &[Window<'_>],
    scratch: &mut Scratch,
    xs: (usize, usize),
    ys: (usize, usize),
) {
    let (columns, rows) = (xs.1 - xs.0, ys.1 - ys.0);
    let area = columns * rows;
    let samples = &mut scratch.samples;
    (samples.width, samples.height) = (columns, rows);
    samples.noise.clear();
    samples.values.clear();
    scratch.present.clear();
    for (k, (frame, window)) in plan.frames.iter().zip(windows).enumerate() {
        let size = (window.width(), window.height());
        let Some([box_x, box_y]) = source_box(&frame.to_frame, xs, ys, size) else { continue };
        scratch.colours.fill(window, frame.defects, box_x, box_y);
        let start = samples.values.len();
        samples.values.resize(start + 3 * area, f32::NAN);
        let planes = &mut samples.values[start..];
        let level = TileLevel::new(frame, xs, ys);
        let (red, rest) = planes.split_at_mut(area);
        let (green, blue) = rest.split_at_mut(area);
        let step = (frame.to_frame.rows[0][0], frame.to_frame.rows[1][0]);
        let mut any = false;
        for j in 0..rows {
            let first = frame.to_frame.apply(xs.0 as f64, (ys.0 + j) as f64);
            let (from, to) = covered(first, step, columns, size);
            if from == to {
                continue;
            }
            any = true;
            let line = Line {
                u: (first.0 + from as f64 * step.0 - box_x.0 as f64) as f32,
                v: (first.1 + from as f64 * step.1 - box_y.0 as f64) as f32,
                du: step.0 as f32,
                dv: step.1 as f32,
            };
            let run = j * columns + from..j * columns + to;
            let colours = &mut scratch.line[..to - from];
            sample_line(&scratch.colours, line, colours);
            level.apply(from, j, colours, [&mut red[run.clone()], &mut green[run.clone()], &mut blue[run]]);
        }
        if any {
            scratch.present.push(k);
            samples.noise.push(frame.noise.map(|n| INTERPOLATED_NOISE * n / frame.transparency as f32));
        } else {
            samples.values.truncate(start);
        }
    }
}

/// A frame's sky difference over one tile, linear there, and its transparency: raw samples to output units.
struct TileLevel {
    gain: f32,
    origin: [f32; 3],
    across: [f32; 3],
    down: [f32; 3],
}

impl TileLevel {
    fn new(frame: &Registered<'_>, xs: (usize, usize), ys: (usize, usize)) -> TileLevel {
        let at = |x: usize, y: usize| {
            let (u, v) = frame.to_frame.apply(x as f64, y as f64);
            frame.difference.at(u, v)
        };
        let (corner, right, below) = (at(xs.0, ys.0), at(xs.1, ys.0), at(xs.0, ys.1));
        let gain = 1.0 / frame.transparency;
        let slope = |b: usize, far: [f64; 3], n: usize| (gain * (far[b] - corner[b]) / n as f64) as f32;
        TileLevel {
            gain: gain as f32,
            origin: corner.map(|c| (gain * c) as f32),
            across: std::array::from_fn(|b| slope(b, right, xs.1 - xs.0)),
            down: std::array::from_fn(|b| slope(b, below, ys.1 - ys.0)),
        }
    }

    /// Splits sampled colours into planes in output units.
    fn apply(&self, first_column: usize, row: usize, colours: &[[f32; 4]], planes: [&mut [f32]; 3]) {
        for (b, plane) in planes.into_iter().enumerate() {
            let start = self.origin[b] + self.down[b] * row as f32 + self.across[b] * first_column as f32;
            for (i, (v, c)) in plane.iter_mut().zip(colours).enumerate() {
                *v = c[b] * self.gain - (start + self.across[b] * i as f32);
            }
        }
    }
}
