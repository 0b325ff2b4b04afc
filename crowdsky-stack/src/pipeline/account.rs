//! What became of every frame.

use super::Run;
use crate::defects::Defects;
use crate::error::Error;
use crate::parallel;
use crate::report::{FrameReport, Reason, StackReport};
use crowdsky_core::{FrameMeta, StackMeta};

impl Run<'_> {
    /// Stops with the report where there are fewer than two frames left.
    pub(super) fn need_two(&self) -> Result<(), Error> {
        if self.order.len() < 2 { Err(self.nothing()) } else { Ok(()) }
    }

    pub(super) fn nothing(&self) -> Error {
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

    /// What became of frame `i`, so far.
    pub(super) fn frame_report(&self, i: usize) -> FrameReport {
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

    /// The account as a whole.
    pub(super) fn report(&self, frames: Vec<FrameReport>, meta: &StackMeta) -> StackReport {
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
            method: self.options.method.resolved(self.order.len()).as_str().to_owned(),
            share: self.options.share,
            append: self.appended,
            noise: self.noise,
            n_defects: self.defects.values().map(Defects::len).sum(),
            calibration: self.calibration.clone(),
            threads: parallel::threads(),
            peak_memory_bytes: None,
            seconds,
            frames,
        }
    }
}
