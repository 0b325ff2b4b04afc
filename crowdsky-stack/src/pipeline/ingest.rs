//! Headers, then the pixels of the frames that belong together.

use super::{Frame, Run};
use crate::analyse::analyse;
use crate::error::Error;
use crate::parallel;
use crate::progress::Stage;
use crate::report::{Dropped, Reason};
use crate::select::outsiders;
use crowdsky_core::{FrameMeta, UtcTime};
use std::collections::BTreeMap;
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
        self.frames = parallel::map(n, |i| {
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
    pub(super) fn select(&mut self) -> Result<(), Error> {
        let metas: Vec<Option<&FrameMeta>> =
            self.frames.iter().map(|f| f.accepted().then_some(&f.meta)).collect();
        let reasons = outsiders(&metas, self.options.allow_mixed);
        for (frame, dropped) in self.frames.iter_mut().zip(reasons) {
            if dropped.is_some() {
                frame.dropped = dropped;
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
        self.options.check_memory(self.order.len(), meta.width as usize * meta.height as usize)
    }

    /// Reads and measures each frame in one go, while its pixels are in the cache.
    pub(super) fn read_frames(&mut self) {
        let start = Instant::now();
        let (source, progress, order, frames) = (self.source, self.progress, &self.order, &self.frames);
        let done = AtomicUsize::new(0);
        let reading = AtomicU64::new(0);
        let results = parallel::map(order.len(), |i| {
            if progress.stopped() {
                return Err(stopped());
            }
            let begin = Instant::now();
            let loaded = source.load(order[i]);
            reading.fetch_add(begin.elapsed().as_nanos() as u64, Ordering::Relaxed);
            let meta = &frames[order[i]].meta;
            let analysed = loaded.and_then(|mosaic| {
                // A file may have been replaced since its header was read.
                if (mosaic.width(), mosaic.height()) != (meta.width as usize, meta.height as usize) {
                    return Err(Dropped::new(
                        Reason::WrongSize,
                        "its pixels are not as many as its header says",
                    ));
                }
                analyse(mosaic)
            });
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

    /// Of frames with the same DATE-OBS and pixels the first stays.
    pub(super) fn drop_duplicates(&mut self) {
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
}

/// Stands for a frame that is not read any more: nobody sees it, for the run ends with [`Error::Stopped`].
fn stopped() -> Dropped {
    Dropped::new(Reason::Unreadable, "the stack was stopped")
}
