//! The frames on one grid, averaged.

use super::Run;
use crate::combine::blocks::cut;
use crate::combine::{Combined, Lost, Plan, Registered, combine, combine_streamed, tile};
use crate::defects::{DefectFrame, Defects, Search};
use crate::error::Error;
use crate::fingerprint;
use crate::levels::SkyDifference;
use crate::memory::Holding;
use crate::mosaic::Mosaic;
use crate::noise::NoiseModel;
use crate::parallel;
use crate::report::{Dropped, Reason};
use crate::transform::Transform;
use crate::window::Window;
use crowdsky_core::BayerPattern;
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;
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
            if self.members().is_empty() {
                return Err(self.nothing_new());
            }
            let combined = self.combine_once();
            self.go_on()?;
            let combined = match combined {
                Ok(combined) => combined,
                Err(lost) => {
                    self.lose(lost)?;
                    continue;
                }
            };
            let mut misfits = Vec::new();
            let members = self.members();
            for (&i, (covered, rejected)) in members.iter().zip(&combined.counts) {
                let share = if *covered > 0 { *rejected as f64 / *covered as f64 } else { 0.0 };
                self.frames[i].rejected_fraction = Some(share);
                if *covered == 0 {
                    misfits.push((
                        i,
                        Reason::NoMatch,
                        "it shows no part of the reference frame's field".to_owned(),
                    ));
                } else if share > MAX_REJECTED
                    && members.len() >= MIN_FOR_VERDICT
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
            let hopeless = 2 * misfits.len() > members.len();
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

    /// Goes on without frames that could be read once and cannot be read again.
    fn lose(&mut self, lost: Lost) -> Result<(), Error> {
        for (i, dropped) in lost {
            self.frames[i].drop_for(dropped.reason, dropped.detail);
        }
        self.order.retain(|&i| self.frames[i].accepted());
        self.need_two()?;
        if self.reference.is_some_and(|i| !self.frames[i].accepted()) {
            self.choose_reference()
        } else {
            Ok(())
        }
    }

    /// One pass over all tiles with the frames that are accepted now.
    fn combine_once(&mut self) -> Result<Combined, Lost> {
        self.defects = self.find_defects()?;
        let defects = &self.defects;
        let scale = self.weight_scale();
        let mut frames = Vec::with_capacity(self.order.len());
        let mut members = Vec::with_capacity(self.order.len());
        let reference = self.reference.and_then(|i| self.frames[i].analysed.as_ref().map(|a| (i, a)));
        let mut size = (0, 0);
        let mut sky = [0.0f32; 3];
        if let Some((r, reference)) = reference {
            size = (self.frames[r].meta.width as usize, self.frames[r].meta.height as usize);
            sky = reference.sky.median();
            for i in self.members() {
                let f = &self.frames[i];
                let (Some(a), Some(t)) = (&f.analysed, f.transform) else { continue };
                let Some(to_frame) = t.invert() else { continue };
                members.push((i, f, a.pattern));
                frames.push(Registered {
                    to_frame,
                    difference: SkyDifference::fit(&a.sky, &reference.sky, &t, f.transparency, size),
                    transparency: f.transparency,
                    noise: a.sky.noise(),
                    weight: std::array::from_fn(|b| (f.weight[b] * scale[b]) as f32),
                    defects: &defects[&f.meta.telescope],
                });
            }
        }
        let skies: Vec<_> =
            self.order.iter().filter_map(|&i| self.frames[i].analysed.as_ref().map(|a| &a.sky)).collect();
        self.noise = self.reference.and_then(|i| NoiseModel::find(&skies, &self.frames[i].meta));
        let plan = Plan {
            size,
            frames,
            method: self.options.method.resolved(self.order.len()),
            sigma: self.options.sigma as f32,
            sky,
            electrons_per_adu: self.noise.map(|n| n.electrons_per_adu),
        };
        match self.holding {
            Holding::Whole => {
                let windows: Vec<Window<'_>> =
                    members.iter().filter_map(|(_, f, _)| f.pixels.as_deref().map(Window::whole)).collect();
                Ok(combine(&plan, &windows, self.progress))
            }
            Holding::Blocks(most) => {
                let to_frames: Vec<Transform> = plan.frames.iter().map(|f| f.to_frame).collect();
                let blocks = cut(size, tile(plan.method, plan.frames.len()), &to_frames, most);
                let patterns: Vec<BayerPattern> = members.iter().map(|m| m.2).collect();
                let read = |k: usize, columns: Range<usize>, rows: Range<usize>, into: &mut [u16]| {
                    self.source.load_part(members[k].0, columns, rows, into)
                };
                let combined = combine_streamed(&plan, &patterns, &blocks, &read, self.progress);
                combined.map_err(|lost| lost.into_iter().map(|(k, why)| (members[k].0, why)).collect())
            }
        }
    }

    /// Weights are 1 on the average of all frames; where old ones are gone, those that are left shall be.
    fn weight_scale(&self) -> [f64; 3] {
        let members = self.members();
        if members.len() == self.order.len() {
            return [1.0; 3];
        }
        [0, 1, 2]
            .map(|b| members.len() as f64 / members.iter().map(|&i| self.frames[i].weight[b]).sum::<f64>())
    }

    /// Defects of each telescope's sensor.
    fn find_defects(&mut self) -> Result<BTreeMap<Option<String>, Defects>, Lost> {
        let mut by_telescope: BTreeMap<Option<String>, Vec<usize>> = BTreeMap::new();
        for i in self.members() {
            by_telescope.entry(self.frames[i].meta.telescope.clone()).or_default().push(i);
        }
        // The least that was looked at tells what may be left.
        self.calibration = by_telescope.values().map(Vec::len).min().map(Search::reach);
        let mut found = BTreeMap::new();
        for (telescope, members) in by_telescope {
            let chosen: Vec<usize> = Search::choice(members.len()).into_iter().map(|m| members[m]).collect();
            let first = &self.frames[chosen[0]].meta;
            let size = (first.width as usize, first.height as usize);
            let mut search = Search::new(size, chosen.len());
            // Those that are not held in memory are read again, no more at once than there are threads.
            let batch = match self.holding {
                Holding::Whole => chosen.len(),
                Holding::Blocks(_) => parallel::threads(),
            };
            for part in chosen.chunks(batch) {
                let there = self.read_again(part)?;
                let frames: Vec<DefectFrame<'_>> = there
                    .iter()
                    .filter_map(|(i, mosaic)| {
                        Some(DefectFrame { mosaic, sky: &self.frames[*i].analysed.as_ref()?.sky })
                    })
                    .collect();
                search.add(&frames);
            }
            let transforms: Vec<Transform> =
                chosen.iter().filter_map(|&i| self.frames[i].transform).collect();
            let all = self.with_old_defects(telescope.as_deref(), search.finish(&transforms), size);
            found.insert(telescope, all);
        }
        Ok(found)
    }

    /// All pixels of some frames.
    fn read_again(&self, frames: &[usize]) -> Result<Vec<(usize, Arc<Mosaic>)>, Lost> {
        let (mut there, mut lost) = (Vec::new(), Lost::new());
        for (&i, read) in frames.iter().zip(parallel::map(frames.len(), |k| self.pixels(frames[k]))) {
            match read {
                Ok(mosaic) => there.push((i, mosaic)),
                Err(why) => lost.push((i, why)),
            }
        }
        if lost.is_empty() { Ok(there) } else { Err(lost) }
    }

    /// All pixels of a frame, from memory or once more from the source.
    fn pixels(&self, i: usize) -> Result<Arc<Mosaic>, Dropped> {
        let frame = &self.frames[i];
        if let Some(pixels) = &frame.pixels {
            return Ok(Arc::clone(pixels));
        }
        let mosaic = self.source.load(i)?;
        let same = frame.fingerprint == Some(fingerprint::of(mosaic.pixels()));
        if same { Ok(mosaic) } else { Err(changed()) }
    }
}

/// For a frame whose pixels are not those that were read first.
fn changed() -> Dropped {
    Dropped::new(Reason::Unreadable, "was changed while the stack was made")
}
