//! Frames that do not fit into memory give the same stack as those that do.

use crate::support::{frames, night, options};
use crowdsky_core::FrameMeta;
use crowdsky_stack::files::{Layout, encode};
use crowdsky_stack::{
    Dropped, Error, FrameSource, MemoryFrames, Method, Mosaic, Reason, Reference, Stack, StackOptions, stack,
};
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The least memory that these frames can be stacked in.
fn least(frames: &dyn FrameSource, options: &StackOptions) -> u64 {
    match stack(frames, &options.clone().memory(Some(1)), &()) {
        Err(Error::Memory { needed, .. }) => needed,
        other => panic!("a byte is enough: {:?}", other.map(|_| ())),
    }
}

fn bytes(stack: &Stack) -> Vec<u8> {
    let mut out = Vec::new();
    encode(stack, &mut out, Layout::Rgb).expect("FITS in memory");
    out
}

/// Counts what is read again; from part `vanish` on a frame is not there any more.
struct Counted {
    frames: MemoryFrames,
    loads: AtomicUsize,
    parts: AtomicUsize,
    photosites: AtomicUsize,
    vanish: Option<(usize, usize)>,
}

impl Counted {
    fn new(frames: MemoryFrames, vanish: Option<(usize, usize)>) -> Counted {
        let zero = || AtomicUsize::new(0);
        Counted { frames, loads: zero(), parts: zero(), photosites: zero(), vanish }
    }
}

impl FrameSource for Counted {
    fn len(&self) -> usize {
        self.frames.len()
    }

    fn name(&self, index: usize) -> String {
        self.frames.name(index)
    }

    fn meta(&self, index: usize) -> Result<FrameMeta, Dropped> {
        self.frames.meta(index)
    }

    fn load(&self, index: usize) -> Result<Arc<Mosaic>, Dropped> {
        self.loads.fetch_add(1, Ordering::SeqCst);
        self.frames.load(index)
    }

    fn load_part(
        &self,
        index: usize,
        columns: Range<usize>,
        rows: Range<usize>,
        into: &mut [u16],
    ) -> Result<(), Dropped> {
        let before = self.parts.fetch_add(1, Ordering::SeqCst);
        if self.vanish.is_some_and(|(frame, from)| frame == index && before >= from) {
            return Err(Dropped::new(Reason::Unreadable, "cannot be opened: it is gone"));
        }
        self.photosites.fetch_add(into.len(), Ordering::SeqCst);
        self.frames.load_part(index, columns, rows, into)
    }
}

#[test]
fn in_parts_or_in_whole_the_stack_is_the_same() {
    // Little turned, much turned with clouds, and turned over.
    let nights = [options(), options().rotation(70.0).cloudy(0.2).trails(0.3), options().meridian_flip(true)];
    for night_options in nights {
        let all = frames(&night(night_options));
        for method in [Method::Lsq, Method::Mean] {
            let whole = StackOptions::default().method(method);
            let expected = stack(&all, &whole, &()).expect("a stack");
            let least = least(&all, &whole);
            for (more, threads) in [(0, 1), (400_000, 2)] {
                let source = Counted::new(all.clone(), None);
                let options = whole.clone().memory(Some(least + more)).threads(threads);
                let parts = stack(&source, &options, &()).expect("a stack");
                assert!(
                    bytes(&parts) == bytes(&expected),
                    "{method:?}, {more} bytes more, {threads} threads"
                );
                let n = source.parts.into_inner();
                assert!(n > 30, "{n} parts are no stream");
                // Once, and once more for the defects.
                assert!(source.loads.into_inner() <= 12 + 12);
            }
        }
    }
}

#[test]
fn with_some_memory_little_is_read_twice() {
    let all = frames(&night(options()));
    let least = least(&all, &StackOptions::default());
    let source = Counted::new(all, None);
    let options = StackOptions::default().memory(Some(least + (4 << 20)));
    stack(&source, &options, &()).expect("a stack");
    let share = source.photosites.into_inner() as f64 / (12 * 480 * 640) as f64;
    assert!((0.9..2.0).contains(&share), "{share} times all photosites");
}

#[test]
fn a_frame_that_is_gone_at_the_second_read_is_left_out() {
    let all = frames(&night(options()));
    let least = least(&all, &StackOptions::default());
    let little = StackOptions::default().memory(Some(least));
    // In the middle of the second read; then the reference itself, before it begins.
    for (frame, from) in [(3, 40), (6, 0)] {
        let source = Counted::new(all.clone(), Some((frame, from)));
        let made = stack(&source, &little, &()).expect("a stack of the others");
        let fate = &made.report.frames[frame];
        assert_eq!((fate.accepted, fate.reason), (false, Some(Reason::Unreadable)), "{fate:?}");
        assert!(fate.detail.as_deref().is_some_and(|d| d.contains("it is gone")));
        assert_eq!(made.report.n_accepted, 11);
        assert_eq!(made.footprint.iter().max(), Some(&11), "no pixel has samples of it");
        assert_eq!(made.report.frames.iter().filter(|f| f.reference && f.accepted).count(), 1);
    }
    let named = little.reference(Reference::Named(all.name(6)));
    let source = Counted::new(all, Some((6, 0)));
    let ended = stack(&source, &named, &());
    assert!(matches!(ended, Err(Error::Reference { .. })), "{:?}", ended.map(|_| ()));
}
