//! Adding frames to a stack that is there.
//!
//! Where the raw frames of the stack are still there, they are read again, but neither measured nor matched, and everything from
//! the joint solution on is done as if all frames had come at once. Where they are gone, the new frames alone are combined on
//! the stack's grid, level and scale, and the two results are averaged by weight.

use super::Run;
use crate::combine::Combined;
use crate::defects::Defects;
use crate::error::Error;
use crate::fingerprint;
use crate::options::{Reference, StackOptions};
use crate::parallel;
use crate::progress::Progress;
use crate::report::{Append, FrameReport, Reason};
use crate::source::FrameSource;
use crate::stack::Stack;
use crate::state::{Known, State, StateError};
use crate::statistics::median;
use ndarray::Array2;
use std::collections::{BTreeMap, HashMap};

/// The planes of a stack whose raw frames are gone, as its file has them.
#[derive(Debug, Clone)]
pub struct Planes {
    /// Red, green, blue; NaN where no frame had a sample.
    pub planes: [Array2<f32>; 3],
    /// Variance of the noise of each plane's pixels, if the method told.
    pub variance: Option<[Array2<f32>; 3]>,
    /// Frames that cover each pixel.
    pub footprint: Array2<u16>,
    /// Of these, how many were rejected there.
    pub rejected: Array2<u16>,
}

/// The stack that is added to.
pub(super) struct Old<'a> {
    pub(super) state: &'a State,
    /// Its planes, if its raw frames are gone.
    pub(super) planes: Option<Planes>,
}

/// Stacks the frames of `source`, of which the first are those of `state`, in their order: what is known of them is not
/// measured again. The result is that of [`crate::stack`] with the stack's reference named.
///
/// # Errors
/// [`Error::RawsGone`] if a frame that was measured cannot be read again or has other pixels now, [`Error::Append`] for other
/// options than the stack's, [`Error::Reference`] if another one is named, and those of [`crate::stack`].
pub fn append(
    source: &dyn FrameSource,
    state: &State,
    options: &StackOptions,
    progress: &dyn Progress,
) -> Result<Stack, Error> {
    run(source, Old { state, planes: None }, options, progress)
}

/// The same without the raw frames of the stack, of which `planes` is all that is left: `source` is asked only for the frames that
/// follow those of `state`. The two stacks are averaged by weight: nothing that the old frames
/// rejected is looked at again, nor do new frames help to tell what is wrong in them.
///
/// # Errors
/// As [`append`]; [`Error::Append`] if `planes` are not those of `state`.
pub fn append_linearly(
    source: &dyn FrameSource,
    state: &State,
    planes: Planes,
    options: &StackOptions,
    progress: &dyn Progress,
) -> Result<Stack, Error> {
    if fingerprint::of_planes(&planes.planes) != state.planes {
        return Err(StateError::OtherStack.into());
    }
    run(source, Old { state, planes: Some(planes) }, options, progress)
}

fn run(
    source: &dyn FrameSource,
    old: Old<'_>,
    options: &StackOptions,
    progress: &dyn Progress,
) -> Result<Stack, Error> {
    old.state.check(options)?;
    if let Reference::Named(name) = &options.reference {
        let kept = &old.state.frames[old.state.reference].name;
        if kept != name && kept.rsplit(['/', '\\']).next() != Some(name) {
            let problem = format!("is not {kept}, whose grid the stack has");
            return Err(Error::Reference { name: name.clone(), problem });
        }
    }
    parallel::with_threads(options.threads, || {
        let mut run = Run::new(source, options, progress);
        run.appended = Some(if old.planes.is_some() { Append::Approximate } else { Append::Exact });
        run.old = Some(old);
        run.stack()
    })?
}

impl Run<'_> {
    /// What is known of frame `i` from the stack that is added to.
    pub(super) fn known(&self, i: usize) -> Option<&Known> {
        self.old.as_ref().and_then(|old| old.state.frames.get(i))
    }

    /// What is known of frames, by the fingerprint of their pixels: whatever they are called now.
    pub(super) fn known_pixels(&self) -> HashMap<u64, &Known> {
        let frames = self.old.iter().flat_map(|old| &old.state.frames);
        frames.filter_map(|known| Some((known.fingerprint?, known))).collect()
    }

    /// Whether frame `i` is in the old planes, and nowhere else.
    pub(super) fn is_gone(&self, i: usize) -> bool {
        self.old.as_ref().is_some_and(|old| old.planes.is_some() && i < old.state.frames.len())
    }

    /// Frames whose pixels are combined now.
    pub(super) fn members(&self) -> Vec<usize> {
        self.order.iter().copied().filter(|&i| !self.is_gone(i)).collect()
    }

    /// Ends here unless all frames that were measured once could be read again. Frames that are now of another kind than
    /// most are not read, and not missed.
    pub(super) fn need_old_frames(&self) -> Result<(), Error> {
        let Some(old) = self.old.as_ref().filter(|old| old.planes.is_none()) else { return Ok(()) };
        let mut gone = Vec::new();
        for (i, known) in old.state.frames.iter().enumerate() {
            let Some(frame) = self.frames.get(i) else { continue };
            if known.analysed.is_none() || self.is_outsider(i) {
                continue;
            }
            let detail = match (&frame.dropped, frame.fingerprint) {
                (Some(dropped), None) => dropped.detail.clone(),
                (_, now) if now.is_some() && now != known.fingerprint => "has other pixels now".to_owned(),
                _ => continue,
            };
            gone.push(format!("{}: {detail}", self.source.name(i)));
        }
        match gone.first() {
            None => Ok(()),
            Some(first) => {
                let frames = old.state.frames.len();
                Err(Error::RawsGone { gone: gone.len(), frames, first: first.clone() })
            }
        }
    }

    /// Brings transparencies to the scale of the old planes, where these stay.
    pub(super) fn keep_scale(&mut self) {
        let mut ratios: Vec<f64> = self
            .order
            .iter()
            .filter(|&&i| self.is_gone(i))
            .filter_map(|&i| Some(self.frames[i].transparency / self.known(i)?.transparency))
            .collect();
        if let Some(scale) = median(&mut ratios).filter(|s| *s > 0.0) {
            for frame in &mut self.frames {
                frame.transparency /= scale;
            }
        }
    }

    /// The old defects of a telescope, where old frames cannot tell them again.
    pub(super) fn with_old_defects(
        &self,
        telescope: Option<&str>,
        found: Defects,
        size: (usize, usize),
    ) -> Defects {
        let old = self.old.as_ref().filter(|old| old.planes.is_some());
        let known = old.and_then(|o| o.state.defects.iter().find(|(t, _)| t.as_deref() == telescope));
        match known {
            Some((_, sites)) => found.with(sites, size),
            None => found,
        }
    }

    /// The end where none of the new frames can be added to planes that stay.
    pub(super) fn nothing_new(&self) -> Error {
        let details: Vec<FrameReport> = (0..self.frames.len()).map(|i| self.frame_report(i)).collect();
        let meta = crowdsky_core::StackMeta::from_frames([], self.frames.len() as u32);
        let given = (0..self.frames.len()).filter(|&i| !self.is_gone(i)).count();
        Error::NothingToStack { given, accepted: 0, report: Box::new(self.report(details, &meta)) }
    }

    /// Averages what was combined now with the old planes.
    pub(super) fn add_to_old(&mut self, new: Combined) -> Combined {
        let Some(planes) = self.old.as_mut().and_then(|old| old.planes.take()) else { return new };
        let n_old = self.old.as_ref().map_or(0, |old| old.state.frames.len());
        let unit = |gone: bool| {
            let of: Vec<[f64; 3]> = self
                .order
                .iter()
                .filter(|&&i| (i < n_old) == gone)
                .filter_map(|&i| {
                    let frame = &self.frames[i];
                    let noise = frame.analysed.as_ref()?.sky.noise();
                    Some(noise.map(|n| (frame.transparency / f64::from(n.max(1e-3))).powi(2)))
                })
                .collect();
            [0, 1, 2].map(|b| of.iter().map(|w| w[b]).sum::<f64>() / of.len().max(1) as f64)
        };
        average(planes, unit(true), new, unit(false))
    }

    /// What a later run needs; the planes' fingerprint is still to come.
    pub(super) fn state(&mut self, reference: usize, defects: &BTreeMap<Option<String>, Defects>) -> State {
        let gauge = self.frames[reference].link.and_then(|link| link.invert());
        let frames = self
            .frames
            .iter_mut()
            .enumerate()
            .map(|(i, frame)| {
                let mut meta = frame.meta.clone();
                (meta.site_lat, meta.site_long) = (None, None);
                Known {
                    name: self.source.name(i),
                    meta,
                    fingerprint: frame.fingerprint,
                    analysed: frame.analysed.take(),
                    dropped: frame.dropped.clone(),
                    link: frame.link.and_then(|link| Some(link.then(&gauge?))),
                    transparency: frame.transparency,
                }
            })
            .collect();
        State {
            method: self.options.method,
            sigma: self.options.sigma,
            allow_mixed: self.options.allow_mixed,
            share: self.options.share,
            reference,
            planes: 0,
            frames,
            defects: defects.iter().map(|(name, d)| (name.clone(), d.sites().to_vec())).collect(),
        }
    }
}

/// Whether what a frame was dropped for shows in its pixels alone, so that the same pixels need not be looked at again.
pub(super) fn is_of_pixels(reason: Reason) -> bool {
    matches!(reason, Reason::Blank | Reason::Saturated | Reason::TooFewStars)
}

/// The mean of two stacks of one grid, level and scale, each weighted by the samples it has at a pixel times their mean inverse
/// variance, `old_unit` and `new_unit`.
///
/// Not by what VARIANCE tells: a few frames alone lean on their smooth start, so they have less noise than their samples, and less
/// detail. With weights by VARIANCE four new frames would count like eight.
fn average(old: Planes, old_unit: [f64; 3], mut new: Combined, new_unit: [f64; 3]) -> Combined {
    let (footprint, rejected) = (flat(&old.footprint), flat(&old.rejected));
    let told = old.variance.as_ref().filter(|_| !new.variance[0].is_empty());
    for b in 0..3 {
        let told = told.map(|v| flat(&v[b]));
        for (i, &before) in flat(&old.planes[b]).iter().enumerate() {
            let now = new.planes[b][i];
            let kept = |there: bool, all: u16, out: u16| {
                if there { f64::from(all.saturating_sub(out).max(1)) } else { 0.0 }
            };
            let v = old_unit[b] * kept(before.is_finite(), footprint[i], rejected[i]);
            let w = new_unit[b] * kept(now.is_finite(), new.footprint[i], new.rejected[i]);
            // What has no weight may be no number either.
            let part = |weight: f64, value: f32| if weight > 0.0 { weight * f64::from(value) } else { 0.0 };
            new.planes[b][i] = ((part(v, before) + part(w, now)) / (v + w)) as f32;
            if let Some(told) = told {
                let noise = part(v * v, told[i]) + part(w * w, new.variance[b][i]);
                new.variance[b][i] = (noise / ((v + w) * (v + w))) as f32;
            }
        }
        if told.is_none() {
            new.variance[b].clear();
        }
    }
    for (to, from) in [(&mut new.footprint, footprint), (&mut new.rejected, rejected)] {
        for (to, from) in to.iter_mut().zip(from) {
            *to = to.saturating_add(*from);
        }
    }
    new
}

/// Planes are made in standard layout; anything else would have another fingerprint, and has been refused.
fn flat<T>(plane: &Array2<T>) -> &[T] {
    plane.as_slice().unwrap_or(&[])
}
