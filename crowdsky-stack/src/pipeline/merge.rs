//! The frames on one grid, averaged.

use super::Run;
use crate::combine::{Combined, Plan, Registered, combine};
use crate::defects::{DefectFrame, Defects};
use crate::error::Error;
use crate::levels::SkyDifference;
use crate::noise::NoiseModel;
use crate::report::Reason;
use crate::window::Window;
use std::collections::BTreeMap;
use std::time::Instant;

/// More samples than this rejected, and the frame as a whole does not fit.
const MAX_REJECTED: f64 = 0.05;
/// From this many frames on a frame that disagrees can be told from the rest.
const MIN_FOR_VERDICT: usize = 5;

impl Run<'_> {
    /// Combines, and again as long as that shows frames that do not fit.
    pub(super) fn combine(&mut self) -> Result<Combined, Error> {
        let start = Instant::now();
        loop {
            let combined = self.combine_once();
            self.go_on()?;
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

    /// One pass over all tiles with the frames that are accepted now.
    pub(super) fn combine_once(&mut self) -> Combined {
        let defects = self.find_defects();
        let mut frames = Vec::with_capacity(self.order.len());
        let mut windows = Vec::with_capacity(self.order.len());
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
                windows.push(Window::whole(&a.mosaic));
                frames.push(Registered {
                    to_frame,
                    difference: SkyDifference::fit(&a.sky, &r.sky, &t, f.transparency, size),
                    transparency: f.transparency,
                    noise: a.sky.noise(),
                    weight: f.weight.map(|w| w as f32),
                    defects: &defects[&f.meta.telescope],
                });
            }
        }
        let skies: Vec<_> =
            self.order.iter().filter_map(|&i| self.frames[i].analysed.as_ref().map(|a| &a.sky)).collect();
        self.noise = self.reference.and_then(|i| NoiseModel::find(&skies, &self.frames[i].meta));
        self.n_defects = defects.values().map(Defects::len).sum();
        let plan = Plan {
            size,
            frames,
            method: self.options.method.resolved(),
            sigma: self.options.sigma as f32,
            sky,
            electrons_per_adu: self.noise.map(|n| n.electrons_per_adu),
        };
        combine(&plan, &windows, self.progress)
    }

    /// Defects of each telescope's sensor.
    pub(super) fn find_defects(&self) -> BTreeMap<Option<String>, Defects> {
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
}
