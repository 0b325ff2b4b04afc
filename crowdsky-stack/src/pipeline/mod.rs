//! The recipe, from frames to a stack: [`Run::stack`] names the steps, each in the file of its kind.

mod account;
mod align;
mod append;
mod ingest;
mod merge;

pub use append::{Planes, append, append_linearly};

use crate::analyse::Analysed;
use crate::catalogue::{Picture, THRESHOLD, stars_of};
use crate::combine::Combined;
use crate::defects::Defects;
use crate::error::Error;
use crate::fingerprint;
use crate::memory::Holding;
use crate::mosaic::Mosaic;
use crate::noise::NoiseModel;
use crate::options::StackOptions;
use crate::parallel;
use crate::progress::{Progress, Stage};
use crate::report::{Append, Calibration, Dropped, FrameReport, Reason, Seconds};
use crate::source::FrameSource;
use crate::stack::{Stack, StackNoise, to_array};
use crate::transform::{Model, Transform};
use append::Old;
use crowdsky_core::{FrameMeta, StackMeta};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

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
    /// While they are kept.
    pixels: Option<Arc<Mosaic>>,
    /// Of the pixels.
    fingerprint: Option<u64>,
    analysed: Option<Analysed>,
    /// It is in the planes of the stack that is added to, and stays there.
    settled: bool,
    /// As matching alone gave it, to the frame that most were matched to.
    link: Option<Transform>,
    transform: Option<Transform>,
    residual: Option<f64>,
    transparency: f64,
    weight: [f64; 3],
    rejected_fraction: Option<f64>,
    dropped: Option<Dropped>,
}

impl Frame {
    fn drop_for(&mut self, reason: Reason, detail: String) {
        if self.settled {
            return;
        }
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
    holding: Holding,
    /// Frames of the group that is stacked, in time order.
    order: Vec<usize>,
    reference: Option<usize>,
    registration_rms: Option<f64>,
    model: Option<Model>,
    defects: BTreeMap<Option<String>, Defects>,
    calibration: Option<Calibration>,
    old: Option<Old<'a>>,
    appended: Option<Append>,
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
            holding: Holding::Whole,
            order: Vec::new(),
            reference: None,
            registration_rms: None,
            model: None,
            defects: BTreeMap::new(),
            calibration: None,
            old: None,
            appended: None,
            noise: None,
        }
    }

    fn stack(mut self) -> Result<Stack, Error> {
        if self.source.is_empty() {
            return Err(Error::NoFrames);
        }
        self.read_headers();
        self.go_on()?;
        self.need_old_frames()?;
        self.select()?;
        self.read_frames();
        self.go_on()?;
        self.need_old_frames()?;
        self.drop_duplicates();
        self.register()?;
        self.go_on()?;
        self.weigh();
        self.choose_reference()?;
        let combined = self.combine()?;
        let combined = self.add_to_old(combined);
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
        // The pixels of the frames are done with. To give back 250 MB takes 20 ms, as long as half of the star table.
        let details: Vec<FrameReport> = (0..self.frames.len()).map(|i| self.frame_report(i)).collect();
        let frames = &mut self.frames;
        let let_go = || frames.iter_mut().for_each(|frame| frame.pixels = None);
        let planes = combined.planes.each_ref().map(Vec::as_slice);
        let picture = Picture { planes, footprint: &combined.footprint, width, height };
        let (stars, ()) = parallel::both(|| stars_of(picture, THRESHOLD), let_go);
        self.progress.update(Stage::Catalogue, 1, 1);
        let accepted = self.order.iter().map(|&i| &self.frames[i].meta);
        let meta = StackMeta::from_frames(accepted, self.frames.len() as u32);
        let mut report = self.report(details, &meta);
        report.n_stars = stars.len();
        report.fwhm_px = crate::catalogue::typical_fwhm(&stars);
        let plane = |values: Vec<f32>| to_array(values, (height, width), f32::NAN);
        let known = !combined.variance[0].is_empty();
        let covariance = combined.covariance();
        let noise = known.then(|| StackNoise { variance: combined.variance.map(&plane), covariance });
        let [red, green, blue] = combined.planes;
        let defects = std::mem::take(&mut self.defects);
        let state = self.state(reference, &defects);
        let mut stack = Stack {
            planes: [plane(red), plane(green), plane(blue)],
            noise,
            footprint: to_array(combined.footprint, (height, width), 0),
            rejected: to_array(combined.rejected, (height, width), 0),
            stars,
            meta,
            report,
            state,
        };
        if self.options.share {
            stack.planes = stack.share();
        }
        stack.state.planes = fingerprint::of_planes(&stack.planes);
        stack.report.seconds.write = self.seconds.write + start.elapsed().as_secs_f64();
        stack.report.seconds.total = self.started.elapsed().as_secs_f64();
        Ok(stack)
    }
}
