//! Headers, then the pixels of the frames that belong together.

use super::append::is_of_pixels;
use super::{Frame, Run};
use crate::analyse::{Analysed, analyse};
use crate::error::Error;
use crate::fingerprint;
use crate::memory::{Holding, holding};
use crate::mosaic::Mosaic;
use crate::parallel;
use crate::progress::Stage;
use crate::report::{Dropped, Reason};
use crate::select::outsiders;
use crate::state::Known;
use crowdsky_core::{FrameMeta, UtcTime};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Instant;

impl Run<'_> {
    /// What frames are ordered by: DATE-OBS (frames without it last), then name.
    pub(super) fn in_time(&self, i: usize) -> (bool, Option<UtcTime>, String, usize) {
        let time = self.frames[i].meta.date_obs;
        (time.is_none(), time, self.source.name(i), i)
    }

    /// Headers of all frames.
    pub(super) fn read_headers(&mut self) {
        let start = Instant::now();
        let (source, progress, n) = (self.source, self.progress, self.source.len());
        let done = AtomicUsize::new(0);
        let gone = |i: usize| self.known(i).filter(|_| self.is_gone(i));
        self.frames = parallel::map(n, |i| {
            if let Some(known) = gone(i) {
                return settled(known);
            }
            let meta = if progress.stopped() {
                Err(stopped())
            } else {
                let meta = source.meta(i);
                progress.update(Stage::Headers, done.fetch_add(1, Ordering::Relaxed) + 1, n);
                meta
            };
            let (meta, dropped) = match meta {
                Ok(meta) => (meta, None),
                Err(dropped) => (FrameMeta::new(0, 0), Some(dropped)),
            };
            Frame {
                meta,
                pixels: None,
                fingerprint: None,
                analysed: None,
                settled: false,
                link: None,
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
    pub(super) fn select(&mut self) -> Result<(), Error> {
        let metas: Vec<Option<&FrameMeta>> =
            self.frames.iter().map(|f| f.accepted().then_some(&f.meta)).collect();
        let reasons = outsiders(&metas, self.options.allow_mixed);
        for (frame, dropped) in self.frames.iter_mut().zip(reasons) {
            match dropped {
                Some(dropped) if !frame.settled => frame.dropped = Some(dropped),
                Some(_) => return Err(self.nothing_new()),
                None => {}
            }
        }
        let mut order: Vec<usize> = (0..self.frames.len()).filter(|&i| self.frames[i].accepted()).collect();
        order.sort_by_cached_key(|&i| self.in_time(i));
        self.order = order;
        if self.order.len() > usize::from(u16::MAX) {
            return Err(Error::TooMany(self.order.len()));
        }
        self.need_two()?;
        let meta = &self.frames[self.order[0]].meta;
        let pixels = meta.width as usize * meta.height as usize;
        self.holding = holding(self.options, self.members().len(), pixels)?;
        Ok(())
    }

    /// Reads and measures each frame in one go, while its pixels are in the cache.
    pub(super) fn read_frames(&mut self) {
        let start = Instant::now();
        let (source, progress, order, frames) = (self.source, self.progress, &self.members(), &self.frames);
        let done = AtomicUsize::new(0);
        let reading = AtomicU64::new(0);
        let keep = self.holding == Holding::Whole;
        let known = self.known_pixels();
        let results = parallel::map(order.len(), |i| {
            if progress.stopped() {
                return (None, None, Err(stopped()));
            }
            let begin = Instant::now();
            let loaded = source.load(order[i]);
            reading.fetch_add(begin.elapsed().as_nanos() as u64, Ordering::Relaxed);
            let read = measure(loaded, &frames[order[i]].meta, keep, &known);
            progress.update(Stage::Frames, done.fetch_add(1, Ordering::Relaxed) + 1, order.len());
            read
        });
        for (&i, (pixels, fingerprint, result)) in self.members().iter().zip(results) {
            let frame = &mut self.frames[i];
            frame.fingerprint = fingerprint;
            match result {
                Ok(analysed) => (frame.pixels, frame.analysed) = (pixels, Some(analysed)),
                Err(dropped) => frame.dropped = Some(dropped),
            }
        }
        // Threads overlap: share the sweep's wall time as the threads shared theirs.
        let wall = start.elapsed().as_secs_f64();
        let read = (reading.into_inner() as f64 * 1e-9 / parallel::threads() as f64).min(wall);
        self.seconds.read += read;
        self.seconds.detect += wall - read;
        self.order.retain(|&i| self.frames[i].accepted());
    }

    /// Of frames with the same DATE-OBS and pixels the first stays; of a stack that is added to and new frames, its own.
    pub(super) fn drop_duplicates(&mut self) {
        let mut by_time: BTreeMap<i64, Vec<usize>> = BTreeMap::new();
        let mut order = self.order.clone();
        order.sort_by_key(|&i| self.known(i).is_none());
        for i in order {
            let Some(time) = self.frames[i].meta.date_obs else { continue };
            let same = by_time.entry(time.micros()).or_default();
            let fingerprint = |i: usize| self.frames[i].fingerprint;
            if let Some(&twin) = same.iter().find(|&&j| fingerprint(i) == fingerprint(j)) {
                let text = format!("the same pixels and DATE-OBS as {}", self.source.name(twin));
                self.frames[i].drop_for(Reason::Duplicate, text);
                self.frames[i].pixels = None;
            } else {
                same.push(i);
            }
        }
        self.order.retain(|&i| self.frames[i].accepted());
    }
}

/// A frame's pixels (if they are to be kept), their fingerprint, and what was measured on them.
type Read = (Option<Arc<Mosaic>>, Option<u64>, Result<Analysed, Dropped>);

/// Measures a frame whose header was `meta`, unless its pixels are `known` by their fingerprint.
fn measure(
    loaded: Result<Arc<Mosaic>, Dropped>,
    meta: &FrameMeta,
    keep: bool,
    known: &HashMap<u64, &Known>,
) -> Read {
    let mosaic = match loaded {
        Ok(mosaic) => mosaic,
        Err(dropped) => return (None, None, Err(dropped)),
    };
    // A file may have been replaced since its header was read.
    if (mosaic.width(), mosaic.height()) != (meta.width as usize, meta.height as usize) {
        let dropped = Dropped::new(Reason::WrongSize, "its pixels are not as many as its header says");
        return (None, None, Err(dropped));
    }
    let fingerprint = fingerprint::of(mosaic.pixels());
    let analysed = match known.get(&fingerprint).map(|known| (&known.analysed, &known.dropped)) {
        // The pattern may be told by another option now.
        Some((Some(analysed), _)) if analysed.pattern == mosaic.pattern() => Ok(analysed.clone()),
        Some((None, Some(dropped))) if is_of_pixels(dropped.reason) => Err(dropped.clone()),
        _ => analyse(&mosaic),
    };
    (keep.then_some(mosaic), Some(fingerprint), analysed)
}

/// A frame of the stack that is added to, whose pixels are gone.
fn settled(known: &Known) -> Frame {
    Frame {
        meta: known.meta.clone(),
        pixels: None,
        fingerprint: known.fingerprint,
        analysed: known.analysed.clone(),
        settled: known.dropped.is_none(),
        link: known.link,
        transform: None,
        residual: None,
        transparency: known.transparency,
        weight: [1.0; 3],
        rejected_fraction: None,
        dropped: known.dropped.clone(),
    }
}

/// Stands for a frame that is not read any more: nobody sees it, for the run ends with [`Error::Stopped`].
fn stopped() -> Dropped {
    Dropped::new(Reason::Unreadable, "the stack was stopped")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crowdsky_core::BayerPattern;

    #[test]
    fn known_pixels_are_not_measured_again() {
        // Noise without stars: whoever measures it finds nothing.
        let pixels: Vec<u16> =
            (0..96 * 96u32).map(|i| 900 + (i.wrapping_mul(2_654_435_761) >> 27) as u16).collect();
        let mosaic = Arc::new(Mosaic::new(96, 96, BayerPattern::Grbg, pixels).expect("a frame"));
        let meta = FrameMeta::new(96, 96);
        let (kept, fingerprint, measured) = measure(Ok(Arc::clone(&mosaic)), &meta, true, &HashMap::new());
        assert!(kept.is_some());
        let Err(dropped) = measured else { panic!("it has no stars") };
        assert_eq!(dropped.reason, Reason::TooFewStars);

        let sky = crate::background::SkyMesh::measure(&mosaic);
        let detection = crate::stars::Detection { stars: Vec::new(), fwhm: 2.5 };
        let mut known = Known {
            name: "before".to_owned(),
            meta: meta.clone(),
            fingerprint,
            analysed: Some(Analysed { pattern: BayerPattern::Grbg, sky, detection }),
            dropped: None,
            link: None,
            transparency: 1.0,
        };
        let again = |known: &Known| {
            let by_pixels: HashMap<u64, &Known> = known.fingerprint.map(|f| (f, known)).into_iter().collect();
            measure(Ok(Arc::clone(&mosaic)), &meta, false, &by_pixels).2
        };
        assert_eq!(again(&known).expect("as before").detection.fwhm, 2.5);
        known.analysed = None;
        known.dropped = Some(Dropped::new(Reason::Blank, "as before"));
        assert_eq!(again(&known).expect_err("as before").reason, Reason::Blank);
        // What did not show in the pixels is looked at anew.
        known.dropped = Some(Dropped::new(Reason::MixedGain, "as before"));
        assert_eq!(again(&known).expect_err("no stars").reason, Reason::TooFewStars);
    }
}
