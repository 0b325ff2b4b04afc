//! The recipe, from frames to a stack: [`Run::stack`] names the steps, each in the file of its kind.

mod account;
mod align;
mod ingest;
mod merge;

use crate::analyse::Analysed;
use crate::catalogue::{StackStar, find_stars};
use crate::combine::Combined;
use crate::error::Error;
use crate::noise::NoiseModel;
use crate::options::StackOptions;
use crate::parallel;
use crate::progress::{Progress, Stage};
use crate::report::{Dropped, FrameReport, Reason, Seconds, StackReport};
use crate::source::FrameSource;
use crate::transform::{Model, Transform};
use crowdsky_core::{FrameMeta, StackMeta};
use ndarray::Array2;
use std::time::Instant;

/// A finished stack. Planes have the shape (rows, columns) of the reference frame.
#[derive(Debug, Clone)]
pub struct Stack {
    /// Red, green, blue: level of one exposure, ADU; NaN where no frame has a sample.
    pub planes: [Array2<f32>; 3],
    /// Variance of the noise of each plane's pixels, ADU²; NaN where the plane is. Method `lsq` only.
    pub variance: Option<[Array2<f32>; 3]>,
    /// Frames that cover each pixel.
    pub footprint: Array2<u16>,
    /// Of these, how many were rejected there. Method `lsq`: samples, of which each frame has about one a pixel.
    pub rejected: Array2<u16>,
    /// The stars, in order of ascending flux.
    pub stars: Vec<StackStar>,
    /// What the stack says of itself.
    pub meta: StackMeta,
    /// What became of every frame.
    pub report: StackReport,
}

/// Aligns and combines the frames of `source`.
///
/// # Errors
/// [`Error::NothingToStack`] (with the report) if fewer than two frames are usable; [`Error::Memory`], [`Error::Reference`],
/// [`Error::NoFrames`], [`Error::TooMany`] and [`Error::Threads`] for what the options cannot have; [`Error::Stopped`] if
/// `progress` says so.
pub fn stack(
    source: &dyn FrameSource,
    options: &StackOptions,
    progress: &dyn Progress,
) -> Result<Stack, Error> {
    parallel::with_threads(options.threads, || Run::new(source, options, progress).stack())?
}

/// What is known of one frame as the run goes on.
struct Frame {
    meta: FrameMeta,
    analysed: Option<Analysed>,
    transform: Option<Transform>,
    residual: Option<f64>,
    transparency: f64,
    weight: [f64; 3],
    rejected_fraction: Option<f64>,
    dropped: Option<Dropped>,
}

impl Frame {
    fn drop_for(&mut self, reason: Reason, detail: String) {
        if self.dropped.is_none() {
            self.dropped = Some(Dropped::new(reason, detail));
        }
        self.transform = None;
    }

    fn accepted(&self) -> bool {
        self.dropped.is_none()
    }

    fn mean_weight(&self) -> f64 {
        self.weight.iter().sum::<f64>() / 3.0
    }
}

struct Run<'a> {
    source: &'a dyn FrameSource,
    options: &'a StackOptions,
    progress: &'a dyn Progress,
    started: Instant,
    seconds: Seconds,
    frames: Vec<Frame>,
    /// Frames of the group that is stacked, in time order.
    order: Vec<usize>,
    reference: Option<usize>,
    registration_rms: Option<f64>,
    model: Option<Model>,
    n_defects: usize,
    noise: Option<NoiseModel>,
}

impl<'a> Run<'a> {
    fn new(source: &'a dyn FrameSource, options: &'a StackOptions, progress: &'a dyn Progress) -> Self {
        Run {
            source,
            options,
            progress,
            started: Instant::now(),
            seconds: Seconds::default(),
            frames: Vec::new(),
            order: Vec::new(),
            reference: None,
            registration_rms: None,
            model: None,
            n_defects: 0,
            noise: None,
        }
    }

    fn stack(mut self) -> Result<Stack, Error> {
        if self.source.is_empty() {
            return Err(Error::NoFrames);
        }
        self.read_headers();
        self.go_on()?;
        self.select()?;
        self.read_frames();
        self.go_on()?;
        self.drop_duplicates();
        self.register()?;
        self.go_on()?;
        self.weigh();
        self.choose_reference()?;
        let combined = self.combine()?;
        self.finish(combined)
    }

    /// Ends here if the caller wants no stack any more.
    fn go_on(&self) -> Result<(), Error> {
        if self.progress.stopped() { Err(Error::Stopped) } else { Ok(()) }
    }

    fn finish(mut self, combined: Combined) -> Result<Stack, Error> {
        let start = Instant::now();
        self.progress.update(Stage::Catalogue, 0, 1);
        let Some(reference) = self.reference else { return Err(self.nothing()) };
        let (width, height) =
            (self.frames[reference].meta.width as usize, self.frames[reference].meta.height as usize);
        // The pixels of the frames are done with; the star table may have their memory.
        let details: Vec<FrameReport> = (0..self.frames.len()).map(|i| self.frame_report(i)).collect();
        for frame in &mut self.frames {
            frame.analysed = None;
        }
        let stars = find_stars(&combined, (width, height));
        self.progress.update(Stage::Catalogue, 1, 1);
        self.seconds.write += start.elapsed().as_secs_f64();
        let accepted = self.order.iter().map(|&i| &self.frames[i].meta);
        let meta = StackMeta::from_frames(accepted, self.frames.len() as u32);
        let mut report = self.report(details, &meta);
        report.n_stars = stars.len();
        report.fwhm_px = crate::catalogue::typical_fwhm(&stars);
        let plane = |values: Vec<f32>| to_array(values, (height, width), f32::NAN);
        let known = !combined.variance[0].is_empty();
        let variance = known.then(|| combined.variance.map(&plane));
        let [red, green, blue] = combined.planes;
        Ok(Stack {
            planes: [plane(red), plane(green), plane(blue)],
            variance,
            footprint: to_array(combined.footprint, (height, width), 0),
            rejected: to_array(combined.rejected, (height, width), 0),
            stars,
            meta,
            report,
        })
    }
}

/// The vector as (rows, columns); `fill` everywhere should the count ever be wrong.
fn to_array<T: Clone>(values: Vec<T>, shape: (usize, usize), fill: T) -> Array2<T> {
    Array2::from_shape_vec(shape, values).unwrap_or_else(|_| Array2::from_elem(shape, fill))
}
