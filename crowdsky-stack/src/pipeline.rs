//! The recipe, from frames to a stack.

use crate::analyse::{Analysed, analyse};
use crate::catalogue::{StackStar, find_stars};
use crate::combine::{Combined, Plan, Registered, combine};
use crate::defects::{DefectFrame, Defects};
use crate::error::Error;
use crate::levels::SkyDifference;
use crate::options::{Reference, StackOptions};
use crate::parallel;
use crate::photometry::transparencies;
use crate::progress::{Progress, Stage};
use crate::register::{Catalogue, chain, solve};
use crate::report::{Dropped, FrameReport, Reason, Seconds, StackReport};
use crate::rotation::parallactic_angle;
use crate::select::outsiders;
use crate::source::FrameSource;
use crate::statistics::median;
use crate::transform::{Model, Transform};
use crowdsky_core::{FrameMeta, StackMeta};
use ndarray::Array2;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

/// A finished stack. Planes have the shape (rows, columns) of the reference frame.
#[derive(Debug, Clone)]
pub struct Stack {
    /// Red, green, blue: level of one exposure, ADU; NaN where no frame has a sample.
    pub planes: [Array2<f32>; 3],
    /// Frames that cover each pixel.
    pub footprint: Array2<u16>,
    /// Of these, how many were rejected there.
    pub rejected: Array2<u16>,
    /// The stars, in order of ascending flux.
    pub stars: Vec<StackStar>,
    /// What the stack says of itself.
    pub meta: StackMeta,
    /// What became of every frame.
    pub report: StackReport,
}

/// Frames whose weight is below this share of the median are clouds.
const MIN_WEIGHT: f64 = 0.05;
/// Frames whose stars are wider than this many medians are blurred.
const MAX_WIDTH: f64 = 2.0;
/// A frame's stars may lie this far from the catalogue, RMS px.
const MAX_RMS: f64 = 1.0;
/// More samples than this rejected, and the frame as a whole does not fit.
const MAX_REJECTED: f64 = 0.05;
/// From this many frames on a frame that disagrees can be told from the rest.
const MIN_FOR_VERDICT: usize = 5;

/// Aligns and combines the frames of `source`.
///
/// # Errors
/// [`Error::NothingToStack`] (with the report) if fewer than two frames are usable; [`Error::Memory`], [`Error::Reference`],
/// [`Error::NoFrames`], [`Error::TooMany`] and [`Error::Threads`] for what the options cannot have.
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
        }
    }

    fn stack(mut self) -> Result<Stack, Error> {
        if self.source.is_empty() {
            return Err(Error::NoFrames);
        }
        self.read_headers();
        self.select()?;
        self.read_frames();
        self.drop_duplicates();
        self.register()?;
        self.weigh();
        self.choose_reference()?;
        let combined = self.combine()?;
        self.finish(combined)
    }

    fn read_headers(&mut self) {
        let start = Instant::now();
        let (source, progress, n) = (self.source, self.progress, self.source.len());
        let done = AtomicUsize::new(0);
        self.frames = parallel::map(n, |i| {
            let meta = source.meta(i);
            progress.update(Stage::Headers, done.fetch_add(1, Ordering::Relaxed) + 1, n);
            let (meta, dropped) = match meta {
                Ok(meta) => (meta, None),
                Err(dropped) => (FrameMeta::new(0, 0), Some(dropped)),
            };
            Frame {
                meta,
                analysed: None,
                transform: None,
                residual: None,
                transparency: 1.0,
                weight: [1.0; 3],
                rejected_fraction: None,
                dropped,
            }
        });
        self.seconds.read += start.elapsed().as_secs_f64();
    }

    /// Keeps the largest group and puts it in time order (frames without DATE-OBS last, by name).
    fn select(&mut self) -> Result<(), Error> {
        let metas: Vec<Option<&FrameMeta>> =
            self.frames.iter().map(|f| f.accepted().then_some(&f.meta)).collect();
        let reasons = outsiders(&metas, self.options.allow_mixed);
        for (frame, dropped) in self.frames.iter_mut().zip(reasons) {
            if dropped.is_some() {
                frame.dropped = dropped;
            }
        }
        self.order = (0..self.frames.len()).filter(|&i| self.frames[i].accepted()).collect();
        let key = |&i: &usize| {
            let time = self.frames[i].meta.date_obs;
            (time.is_none(), time, self.source.name(i), i)
        };
        self.order.sort_by_cached_key(key);
        if self.order.len() > usize::from(u16::MAX) {
            return Err(Error::TooMany(self.order.len()));
        }
        self.need_two()?;
        let meta = &self.frames[self.order[0]].meta;
        self.options.check_memory(self.order.len(), meta.width as usize * meta.height as usize)
    }

    /// Reads and measures each frame in one go, while its pixels are in the cache.
    fn read_frames(&mut self) {
        let start = Instant::now();
        let (source, progress, order) = (self.source, self.progress, &self.order);
        let done = AtomicUsize::new(0);
        let reading = std::sync::atomic::AtomicU64::new(0);
        let results = parallel::map(order.len(), |i| {
            let begin = Instant::now();
            let loaded = source.load(order[i]);
            reading.fetch_add(begin.elapsed().as_nanos() as u64, Ordering::Relaxed);
            let analysed = loaded.and_then(analyse);
            progress.update(Stage::Frames, done.fetch_add(1, Ordering::Relaxed) + 1, order.len());
            analysed
        });
        for (&i, result) in self.order.iter().zip(results) {
            match result {
                Ok(analysed) => self.frames[i].analysed = Some(analysed),
                Err(dropped) => self.frames[i].dropped = Some(dropped),
            }
        }
        // Threads overlap: share the sweep's wall time as the threads shared theirs.
        let wall = start.elapsed().as_secs_f64();
        let read = (reading.into_inner() as f64 * 1e-9 / parallel::threads() as f64).min(wall);
        self.seconds.read += read;
        self.seconds.detect += wall - read;
        self.order.retain(|&i| self.frames[i].accepted());
    }

    fn drop_duplicates(&mut self) {
        let mut by_time: BTreeMap<i64, Vec<usize>> = BTreeMap::new();
        for &i in &self.order {
            let Some(time) = self.frames[i].meta.date_obs else { continue };
            let same = by_time.entry(time.micros()).or_default();
            let pixels = |i: usize| self.frames[i].analysed.as_ref().map(|a| a.mosaic.pixels());
            if let Some(&twin) = same.iter().find(|&&j| pixels(i) == pixels(j)) {
                let text = format!("the same pixels and DATE-OBS as {}", self.source.name(twin));
                self.frames[i].drop_for(Reason::Duplicate, text);
                self.frames[i].analysed = None;
            } else {
                same.push(i);
            }
        }
        self.order.retain(|&i| self.frames[i].accepted());
    }

    /// Gives every frame its transform to a common grid; the accepted reference's comes later.
    fn register(&mut self) -> Result<(), Error> {
        self.need_two()?;
        let start = Instant::now();
        self.progress.update(Stage::Register, 0, 1);
        let detections: Vec<_> = self
            .order
            .iter()
            .filter_map(|&i| self.frames[i].analysed.as_ref().map(|a| &a.detection))
            .collect();
        let meta = &self.frames[self.order[0]].meta;
        let size = (meta.width as usize, meta.height as usize);
        let forecast: Vec<f64> =
            self.order.iter().map(|&i| parallactic_angle(&self.frames[i].meta).unwrap_or(0.0)).collect();
        let named = self.named_reference()?;
        let preferred = named.unwrap_or(self.order.len() / 2);
        let links = chain(&detections, size, preferred, named.is_some(), &forecast);
        let linked = links.count();
        let min_sightings = if linked >= 6 { 3 } else { 2 };
        let catalogue = Catalogue::gather(&detections, &links.transforms, links.reference, min_sightings);
        let solution = solve(&detections, size, &links.transforms, links.reference, &catalogue);
        let used: Vec<bool> = solution.transforms.iter().map(Option::is_some).collect();
        let transparency = transparencies(&detections, &used, &catalogue);

        let mut squares = (0.0, 0usize);
        for (at, &i) in self.order.iter().enumerate() {
            let frame = &mut self.frames[i];
            (frame.transform, frame.transparency) = (solution.transforms[at], transparency[at]);
            let (rms, stars, error) = (solution.rms[at], solution.stars_used[at], solution.error[at]);
            frame.residual = rms.is_finite().then_some(rms);
            if links.transforms[at].is_none() {
                frame.drop_for(
                    Reason::NoMatch,
                    "no other frame shows the same stars: another field, or clouds".to_owned(),
                );
            } else if frame.transform.is_none() || stars < 3 {
                frame.drop_for(
                    Reason::PoorFit,
                    format!("only {stars} of its stars are stars of the other frames"),
                );
            } else if rms > MAX_RMS {
                frame.drop_for(Reason::PoorFit, format!("its stars lie {rms:.2} px from those of the other frames: wind, or a jump during the exposure"));
            } else {
                squares = (squares.0 + error * error, squares.1 + 1);
            }
        }
        self.model = Some(solution.model);
        self.registration_rms = (squares.1 > 0).then(|| (squares.0 / squares.1 as f64).sqrt());
        self.order.retain(|&i| self.frames[i].accepted());
        self.seconds.register += start.elapsed().as_secs_f64();
        self.progress.update(Stage::Register, 1, 1);
        Ok(())
    }

    /// Where in `order` the frame is that the user named.
    fn named_reference(&self) -> Result<Option<usize>, Error> {
        let Reference::Named(name) = &self.options.reference else { return Ok(None) };
        let is_it = |path: &str| path == name || path.rsplit(['/', '\\']).next() == Some(name);
        if let Some(at) = self.order.iter().position(|&i| is_it(&self.source.name(i))) {
            return Ok(Some(at));
        }
        let given = (0..self.frames.len()).find(|&i| is_it(&self.source.name(i)));
        let problem = match given.and_then(|i| self.frames[i].dropped.as_ref()) {
            Some(dropped) => format!("cannot be used: {}", dropped.detail),
            None => "is not among the frames".to_owned(),
        };
        Err(Error::Reference { name: name.clone(), problem })
    }

    /// Inverse-variance weights, and the frames that are too blurred or too faint to help.
    fn weigh(&mut self) {
        for &i in &self.order {
            let frame = &mut self.frames[i];
            let noise = frame.analysed.as_ref().map_or([1.0; 3], |a| a.sky.noise());
            frame.weight = noise.map(|n| (frame.transparency / f64::from(n.max(1e-3))).powi(2));
        }
        let middle = |get: &dyn Fn(&Frame) -> f64| {
            median(
                &mut self
                    .order
                    .iter()
                    .map(|&i| get(&self.frames[i]))
                    .filter(|v| v.is_finite())
                    .collect::<Vec<_>>(),
            )
        };
        let width = |f: &Frame| f.analysed.as_ref().map_or(f64::NAN, |a| a.detection.fwhm);
        let (typical_weight, typical_width) =
            (middle(&Frame::mean_weight).unwrap_or(1.0), middle(&width).unwrap_or(1.0));
        for &i in &self.order {
            let (w, fwhm) = (self.frames[i].mean_weight() / typical_weight, width(&self.frames[i]));
            let frame = &mut self.frames[i];
            if fwhm > MAX_WIDTH * typical_width {
                frame.drop_for(
                    Reason::Blurred,
                    format!(
                        "stars {fwhm:.1} px wide, {typical_width:.1} in the other frames: focus, dew or wind"
                    ),
                );
            } else if w < MIN_WEIGHT {
                let percent = 100.0 * frame.transparency;
                frame.drop_for(
                    Reason::TooFaint,
                    format!(
                        "{percent:.0} % of the light came through, {:.1} % of the usual weight: clouds",
                        100.0 * w
                    ),
                );
            }
        }
        self.order.retain(|&i| self.frames[i].accepted());
        for b in 0..3 {
            let mean = self.order.iter().map(|&i| self.frames[i].weight[b]).sum::<f64>()
                / self.order.len().max(1) as f64;
            for &i in &self.order {
                self.frames[i].weight[b] /= mean;
            }
        }
    }

    /// Makes the accepted frame nearest to the wanted one the output's grid.
    fn choose_reference(&mut self) -> Result<(), Error> {
        self.need_two()?;
        let reference = match &self.options.reference {
            Reference::Auto => {
                // N/2 of all frames that were read, so that the choice does not shift with every dropped frame.
                let mut all: Vec<usize> = (0..self.frames.len())
                    .filter(|&i| self.frames[i].meta.width > 0 && !self.is_outsider(i))
                    .collect();
                all.sort_by_cached_key(|&i| {
                    (
                        self.frames[i].meta.date_obs.is_none(),
                        self.frames[i].meta.date_obs,
                        self.source.name(i),
                        i,
                    )
                });
                let middle = all.len() / 2;
                let place = |i: usize| all.iter().position(|&a| a == i).unwrap_or(middle);
                self.order.iter().copied().min_by_key(|&i| (place(i).abs_diff(middle), place(i)))
            }
            Reference::Named(name) => match self.named_reference()? {
                Some(at) => Some(self.order[at]),
                None => {
                    return Err(Error::Reference {
                        name: name.clone(),
                        problem: "is not among the frames".to_owned(),
                    });
                }
            },
        };
        let Some(reference) = reference else { return self.need_two() };
        let Some(gauge) = self.frames[reference].transform.and_then(|t| t.invert()) else {
            return self.need_two();
        };
        for frame in &mut self.frames {
            frame.transform = frame.transform.map(|t| t.then(&gauge));
        }
        self.frames[reference].transform = Some(Transform::IDENTITY);
        self.reference = Some(reference);
        Ok(())
    }

    /// Dropped before its pixels were looked at: of another group.
    fn is_outsider(&self, i: usize) -> bool {
        let reason = self.frames[i].dropped.as_ref().map(|d| d.reason);
        matches!(
            reason,
            Some(Reason::WrongSize | Reason::MixedFilter | Reason::MixedExposure | Reason::MixedGain)
        )
    }

    /// Combines, and once more if that shows frames that do not fit.
    fn combine(&mut self) -> Result<Combined, Error> {
        let start = Instant::now();
        loop {
            let combined = self.combine_once();
            let mut misfits = Vec::new();
            for (&i, (covered, rejected)) in self.order.iter().zip(&combined.counts) {
                let share = if *covered > 0 { *rejected as f64 / *covered as f64 } else { 0.0 };
                self.frames[i].rejected_fraction = Some(share);
                if *covered == 0 {
                    misfits.push((
                        i,
                        Reason::NoMatch,
                        "it shows no part of the reference frame's field".to_owned(),
                    ));
                } else if share > MAX_REJECTED
                    && self.order.len() >= MIN_FOR_VERDICT
                    && Some(i) != self.reference
                {
                    let text = format!(
                        "{:.0} % of its samples disagree with the other frames: clouds, a jump, or dew",
                        100.0 * share
                    );
                    misfits.push((i, Reason::TooManyRejected, text));
                }
            }
            // If most frames disagree there is no majority to disagree with.
            let hopeless = 2 * misfits.len() > self.order.len();
            if misfits.is_empty() || hopeless {
                self.seconds.combine += start.elapsed().as_secs_f64();
                return Ok(combined);
            }
            for (i, reason, detail) in misfits {
                self.frames[i].drop_for(reason, detail);
            }
            self.order.retain(|&i| self.frames[i].accepted());
            self.need_two()?;
        }
    }

    fn combine_once(&mut self) -> Combined {
        let defects = self.find_defects();
        let mut frames = Vec::with_capacity(self.order.len());
        let reference = self.reference.and_then(|i| self.frames[i].analysed.as_ref());
        let mut size = (0, 0);
        let mut sky = [0.0f32; 3];
        if let Some(r) = reference {
            size = (r.mosaic.width(), r.mosaic.height());
            sky = r.sky.median();
            for &i in &self.order {
                let f = &self.frames[i];
                let (Some(a), Some(t)) = (&f.analysed, f.transform) else { continue };
                let Some(to_frame) = t.invert() else { continue };
                frames.push(Registered {
                    mosaic: &a.mosaic,
                    to_frame,
                    difference: SkyDifference::fit(&a.sky, &r.sky, &t, f.transparency, size),
                    transparency: f.transparency,
                    noise: a.sky.noise(),
                    weight: f.weight.map(|w| w as f32),
                    defects: &defects[&f.meta.telescope],
                });
            }
        }
        self.n_defects = defects.values().map(Defects::len).sum();
        let plan = Plan {
            size,
            frames,
            method: self.options.method.resolved(),
            sigma: self.options.sigma as f32,
            sky,
        };
        let progress = self.progress;
        combine(&plan, &|done, total| progress.update(Stage::Combine, done, total))
    }

    /// Defects of each telescope's sensor.
    fn find_defects(&self) -> BTreeMap<Option<String>, Defects> {
        let mut by_telescope: BTreeMap<Option<String>, Vec<DefectFrame<'_>>> = BTreeMap::new();
        for &i in &self.order {
            let f = &self.frames[i];
            if let (Some(a), Some(transform)) = (&f.analysed, &f.transform) {
                let frame = DefectFrame { mosaic: &a.mosaic, sky: &a.sky, transform };
                by_telescope.entry(f.meta.telescope.clone()).or_default().push(frame);
            }
        }
        by_telescope.into_iter().map(|(name, frames)| (name, Defects::find(&frames))).collect()
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
        let [red, green, blue] = combined.planes;
        Ok(Stack {
            planes: [plane(red), plane(green), plane(blue)],
            footprint: to_array(combined.footprint, (height, width), 0),
            rejected: to_array(combined.rejected, (height, width), 0),
            stars,
            meta,
            report,
        })
    }

    fn need_two(&self) -> Result<(), Error> {
        if self.order.len() < 2 { Err(self.nothing()) } else { Ok(()) }
    }

    /// Fewer than two usable frames: the last one, if any, has nobody to be stacked with.
    fn nothing(&self) -> Error {
        let mut details: Vec<FrameReport> = (0..self.frames.len()).map(|i| self.frame_report(i)).collect();
        for alone in details.iter_mut().filter(|f| f.accepted) {
            (alone.accepted, alone.reason) = (false, Some(Reason::NoMatch));
            alone.detail = Some("usable, but no other frame to stack it with".to_owned());
        }
        let accepted: Vec<&FrameMeta> =
            self.frames.iter().filter(|f| f.accepted()).map(|f| &f.meta).collect();
        let meta = StackMeta::from_frames(accepted.iter().copied(), self.frames.len() as u32);
        Error::NothingToStack {
            given: self.frames.len(),
            accepted: accepted.len(),
            report: Box::new(self.report(details, &meta)),
        }
    }

    fn frame_report(&self, i: usize) -> FrameReport {
        let f = &self.frames[i];
        let measured = f.analysed.as_ref();
        let finite = |v: f64| v.is_finite().then_some(v);
        let accepted = f.accepted();
        FrameReport {
            path: self.source.name(i),
            accepted,
            reason: f.dropped.as_ref().map(|d| d.reason),
            detail: f.dropped.as_ref().map(|d| d.detail.clone()),
            reference: self.reference == Some(i),
            transform: if accepted { f.transform.map(|t| t.rows) } else { None },
            n_stars: measured.map_or(0, |a| a.detection.stars.len()),
            fwhm_px: measured.and_then(|a| finite(a.detection.fwhm)),
            sky_adu: measured.map(|a| a.sky.median().map(f64::from)),
            residual_px: if accepted { f.residual } else { None },
            transparency: measured.map(|_| f.transparency),
            weight: if accepted { measured.map(|_| f.mean_weight()) } else { None },
            rejected_fraction: if accepted { f.rejected_fraction } else { None },
        }
    }

    fn report(&self, frames: Vec<FrameReport>, meta: &StackMeta) -> StackReport {
        let mut seconds = self.seconds;
        seconds.total = self.started.elapsed().as_secs_f64();
        StackReport {
            crowdsky: env!("CARGO_PKG_VERSION").to_owned(),
            n_input: frames.len(),
            n_accepted: frames.iter().filter(|f| f.accepted).count(),
            n_stars: 0,
            fwhm_px: None,
            registration_rms_px: self.registration_rms,
            registration_model: self.model,
            total_exptime_s: meta.exptime_total,
            date_obs_start: meta.date_obs.map(|t| t.to_string()),
            date_obs_end: meta.date_end.map(|t| t.to_string()),
            chunk_key: meta.position_key.as_ref().map(ToString::to_string),
            healpix_key: meta.healpix_key.as_ref().map(ToString::to_string),
            method: self.options.method.resolved().as_str().to_owned(),
            share: false,
            n_defects: self.n_defects,
            threads: parallel::threads(),
            peak_memory_bytes: None,
            seconds,
            frames,
        }
    }
}

/// The vector as (rows, columns); `fill` everywhere should the count ever be wrong.
fn to_array<T: Clone>(values: Vec<T>, shape: (usize, usize), fill: T) -> Array2<T> {
    Array2::from_shape_vec(shape, values).unwrap_or_else(|_| Array2::from_elem(shape, fill))
}
