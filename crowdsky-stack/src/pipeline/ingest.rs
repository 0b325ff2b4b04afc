//! Headers, then the pixels of the frames that belong together.

use super::{Frame, Run};
use crate::analyse::analyse;
use crate::error::Error;
use crate::parallel;
use crate::progress::Stage;
use crate::report::Reason;
use crate::select::outsiders;
use crowdsky_core::FrameMeta;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Instant;

impl Run<'_> {
    pub(super) fn read_headers(&mut self) {
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

    pub(super) fn select(&mut self) -> Result<(), Error> {
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

    pub(super) fn read_frames(&mut self) {
        let start = Instant::now();
        let (source, progress, order) = (self.source, self.progress, &self.order);
        let done = AtomicUsize::new(0);
        let reading = AtomicU64::new(0);
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
