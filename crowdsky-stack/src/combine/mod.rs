//! From registered frames to three planes, tile by tile; no aligned frame is ever stored.
//!
//! For each tile of the output every frame's mosaic is debayered and sampled where the tile lies in it, brought to a common
//! level and transparency, held against the others ([`crate::reject`]) and averaged. Tiles and frames are taken in a fixed
//! order and nothing is summed across threads, so the result is the same on any number of them.

mod mean;
mod median;

use crate::debayer::ColourBox;
use crate::defects::Defects;
use crate::levels::SkyDifference;
use crate::mosaic::Mosaic;
use crate::options::Method;
use crate::parallel;
use crate::progress::{Progress, Stage};
use crate::reject::{BLOCK, INTERPOLATED_NOISE, MISSING, REJECTED, Rejector, TileSamples};
use crate::transform::Transform;
use crate::warp::{Line, covered, sample_line, source_box};

/// A registered frame, as the combination sees it.
#[derive(Debug, Clone)]
pub(crate) struct Registered<'a> {
    pub(crate) mosaic: &'a Mosaic,
    /// Output pixel to frame pixel.
    pub(crate) to_frame: Transform,
    pub(crate) difference: SkyDifference,
    pub(crate) transparency: f64,
    /// Noise of a photosite, raw ADU.
    pub(crate) noise: [f32; 3],
    pub(crate) weight: [f32; 3],
    /// Of the sensor the frame was taken with.
    pub(crate) defects: &'a Defects,
}

/// Everything that is the same for all tiles.
#[derive(Debug)]
pub(crate) struct Plan<'a> {
    /// Columns and rows of the output.
    pub(crate) size: (usize, usize),
    pub(crate) frames: Vec<Registered<'a>>,
    pub(crate) method: Method,
    pub(crate) sigma: f32,
    /// Blank sky of the output, by band.
    pub(crate) sky: [f32; 3],
}

/// The finished planes.
#[derive(Debug)]
pub(crate) struct Combined {
    /// Red, green, blue, row by row; NaN where no frame has a sample.
    pub(crate) planes: [Vec<f32>; 3],
    /// Frames that cover each pixel.
    pub(crate) footprint: Vec<u16>,
    /// Of these, how many were rejected there.
    pub(crate) rejected: Vec<u16>,
    /// By frame: pixels covered, and rejected.
    pub(crate) counts: Vec<(u64, u64)>,
}

/// Columns of a tile. A row of a frame's photosites under it is a piece of memory of its own: with 128 columns half as many
/// cache lines are cut as with 64 (combining 60 frames takes 2.7 s of one core, not 3.0).
const TILE_WIDTH: usize = 128;
/// Bytes of samples and flags a tile may take: of 1, 2 and 4 MB the middle one was fastest, though by little.
const TILE_BYTES: usize = 2 << 20;

/// Rows of a tile for `frames` frames: as many as the cache holds, whole blocks, 8 to 64.
fn tile_height(frames: usize) -> usize {
    let row = frames.max(1) * TILE_WIDTH * 13;
    (TILE_BYTES / row / BLOCK * BLOCK).clamp(BLOCK, 64)
}

/// One row of tiles: its place and the parts of the output it fills.
struct Strip<'a> {
    y: usize,
    planes: [&'a mut [f32]; 3],
    footprint: &'a mut [u16],
    rejected: &'a mut [u16],
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

/// Combines the frames of `plan`; `progress` is told how many of how many strips are done. Once it is to stop, the rest stays
/// empty.
pub(crate) fn combine(plan: &Plan<'_>, progress: &dyn Progress) -> Combined {
    let (width, height) = plan.size;
    let rows = tile_height(plan.frames.len());
    let mut planes: [Vec<f32>; 3] = std::array::from_fn(|_| vec![f32::NAN; width * height]);
    let mut footprint = vec![0u16; width * height];
    let mut rejected = vec![0u16; width * height];
    let [red, green, blue] = &mut planes;
    let part = width * rows;
    let mut strips: Vec<Strip<'_>> = Vec::new();
    let mut counters = footprint.chunks_mut(part).zip(rejected.chunks_mut(part));
    for (i, ((r, g), b)) in
        red.chunks_mut(part).zip(green.chunks_mut(part)).zip(blue.chunks_mut(part)).enumerate()
    {
        if let Some((footprint, rejected)) = counters.next() {
            strips.push(Strip { y: i * rows, planes: [r, g, b], footprint, rejected });
        }
    }
    let done = std::sync::atomic::AtomicUsize::new(0);
    let total = strips.len();
    let counted = parallel::map_owned(strips, Scratch::new, |scratch, mut strip| {
        if progress.stopped() {
            return Vec::new();
        }
        let counts = combine_strip(plan, scratch, &mut strip);
        let n = done.fetch_add(1, std::sync::atomic::Ordering::Relaxed) + 1;
        progress.update(Stage::Combine, n, total);
        counts
    });
    let mut counts = vec![(0u64, 0u64); plan.frames.len()];
    for strip in counted {
        for (c, s) in counts.iter_mut().zip(strip) {
            *c = (c.0 + s.0, c.1 + s.1);
        }
    }
    Combined { planes, footprint, rejected, counts }
}

fn combine_strip(plan: &Plan<'_>, scratch: &mut Scratch, strip: &mut Strip<'_>) -> Vec<(u64, u64)> {
    let width = plan.size.0;
    let height = strip.footprint.len() / width;
    let mut counts = vec![(0u64, 0u64); plan.frames.len()];
    for x in (0..width).step_by(TILE_WIDTH) {
        let columns = TILE_WIDTH.min(width - x);
        gather(plan, scratch, (x, x + columns), (strip.y, strip.y + height));
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
                Method::Auto | Method::Mean => {
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
fn gather(plan: &Plan<'_>, scratch: &mut Scratch, xs: (usize, usize), ys: (usize, usize)) {
    let (columns, rows) = (xs.1 - xs.0, ys.1 - ys.0);
    let area = columns * rows;
    let samples = &mut scratch.samples;
    (samples.width, samples.height) = (columns, rows);
    samples.noise.clear();
    samples.values.clear();
    scratch.present.clear();
    for (k, frame) in plan.frames.iter().enumerate() {
        let size = (frame.mosaic.width(), frame.mosaic.height());
        let Some([box_x, box_y]) = source_box(&frame.to_frame, xs, ys, size) else { continue };
        scratch.colours.fill(frame.mosaic, frame.defects, box_x, box_y);
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
