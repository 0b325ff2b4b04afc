//! Where every frame lies, how much it counts, and which one gives the output its grid.

use super::{Frame, Run};
use crate::error::Error;
use crate::options::Reference;
use crate::photometry::transparencies;
use crate::progress::Stage;
use crate::register::{Catalogue, chain, solve};
use crate::report::Reason;
use crate::rotation::parallactic_angle;
use crate::statistics::median;
use crate::transform::Transform;
use std::time::Instant;

/// Frames whose weight is below this share of the median are clouds.
const MIN_WEIGHT: f64 = 0.05;
/// Frames whose stars are wider than this many medians are blurred.
const MAX_WIDTH: f64 = 2.0;
/// A frame's stars may lie this far from the catalogue, RMS px.
const MAX_RMS: f64 = 1.0;

impl Run<'_> {
    /// Gives every frame its transform to a common grid (the output's comes with the reference) and its transparency.
    pub(super) fn register(&mut self) -> Result<(), Error> {
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
        let preferred = named.or_else(|| self.nearest_to_the_middle()).unwrap_or(0);
        let known: Vec<Option<Transform>> =
            self.order.iter().map(|&i| self.known(i).and_then(|known| known.link)).collect();
        let links = chain(&detections, size, preferred, named.is_some(), &forecast, &known);
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
            frame.link = links.transforms[at];
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
        self.keep_scale();
        self.model = Some(solution.model);
        self.registration_rms = (squares.1 > 0).then(|| (squares.0 / squares.1 as f64).sqrt());
        self.order.retain(|&i| self.frames[i].accepted());
        self.seconds.register += start.elapsed().as_secs_f64();
        self.progress.update(Stage::Register, 1, 1);
        Ok(())
    }

    /// Where in `order` the frame is that the user named; `None` if the choice is left to us.
    pub(super) fn named_reference(&self) -> Result<Option<usize>, Error> {
        if let Some(old) = &self.old {
            let anchor = old.state.reference;
            if let Some(at) = self.order.iter().position(|&i| i == anchor) {
                return Ok(Some(at));
            }
            let why = self.frames.get(anchor).and_then(|f| f.dropped.as_ref());
            let problem =
                why.map_or("is not among the frames".to_owned(), |d| format!("cannot be used: {}", d.detail));
            return Err(Error::Reference { name: old.state.frames[anchor].name.clone(), problem });
        }
        let (name, needed) = match &self.options.reference {
            Reference::Auto => return Ok(None),
            Reference::Named(name) => (name, true),
            Reference::Preferred(name) => (name, false),
        };
        let path = |i: &usize| self.source.name(*i) == *name;
        let file_name = |i: &usize| self.source.name(*i).rsplit(['/', '\\']).next() == Some(name);
        // A whole path names one frame; a file name may name several, of which one that can be used is meant.
        let all = || 0..self.frames.len();
        let given = all()
            .find(path)
            .or_else(|| self.order.iter().copied().find(file_name))
            .or_else(|| all().find(file_name));
        if let Some(at) = given.and_then(|i| self.order.iter().position(|&k| k == i)) {
            return Ok(Some(at));
        }
        if !needed {
            return Ok(None);
        }
        let problem = match given.and_then(|i| self.frames[i].dropped.as_ref()) {
            Some(dropped) => format!("cannot be used: {}", dropped.detail),
            None => "is not among the frames".to_owned(),
        };
        Err(Error::Reference { name: name.clone(), problem })
    }

    /// Inverse-variance weights, and out with the frames that are too blurred or too faint to help.
    pub(super) fn weigh(&mut self) {
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
    pub(super) fn choose_reference(&mut self) -> Result<(), Error> {
        self.need_two()?;
        let reference = match self.named_reference()? {
            Some(at) => Some(self.order[at]),
            None => self.nearest_to_the_middle().map(|at| self.order[at]),
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

    /// Where in `order` the frame is that is nearest to the middle: N/2 of all frames of the group, so that the choice does not
    /// shift with every frame that is dropped.
    fn nearest_to_the_middle(&self) -> Option<usize> {
        let mut all: Vec<usize> = (0..self.frames.len())
            .filter(|&i| self.frames[i].meta.width > 0 && !self.is_outsider(i))
            .collect();
        all.sort_by_cached_key(|&i| self.in_time(i));
        let middle = all.len() / 2;
        let mut places = vec![middle; self.frames.len()];
        for (place, &i) in all.iter().enumerate() {
            places[i] = place;
        }
        let place = |at: usize| places[self.order[at]];
        (0..self.order.len()).min_by_key(|&at| (place(at).abs_diff(middle), place(at)))
    }

    /// Dropped before its pixels were looked at: of another group.
    pub(super) fn is_outsider(&self, i: usize) -> bool {
        let reason = self.frames[i].dropped.as_ref().map(|d| d.reason);
        matches!(
            reason,
            Some(Reason::WrongSize | Reason::MixedFilter | Reason::MixedExposure | Reason::MixedGain)
        )
    }
}
