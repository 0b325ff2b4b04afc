//! A stack that is given up ends soon, wherever it is.

use crate::support::{frames, night, options};
use crowdsky_stack::{Error, Progress, StackOptions, Stage, stack};
use std::sync::atomic::{AtomicUsize, Ordering};

/// Wants no stack any more from the first step of a stage on.
struct UntilStage {
    last: Stage,
    steps: AtomicUsize,
    late: AtomicUsize,
}

impl Progress for UntilStage {
    fn update(&self, stage: Stage, done: usize, _: usize) {
        if stage == self.last && done > 0 {
            self.steps.fetch_add(1, Ordering::SeqCst);
        }
        if stage > self.last {
            self.late.fetch_add(1, Ordering::SeqCst);
        }
    }

    fn stopped(&self) -> bool {
        self.steps.load(Ordering::SeqCst) > 0
    }
}

#[test]
fn it_ends_within_the_stage_in_which_it_is_given_up() {
    let frames = frames(&night(options()));
    for last in [Stage::Headers, Stage::Frames, Stage::Register, Stage::Combine] {
        let progress = UntilStage { last, steps: AtomicUsize::new(0), late: AtomicUsize::new(0) };
        let ended = stack(&frames, &StackOptions::default().threads(2), &progress);
        assert!(matches!(ended, Err(Error::Stopped)), "{last:?}: {:?}", ended.map(|_| ()));
        assert_eq!(progress.late.into_inner(), 0, "nothing of a later stage is begun: {last:?}");
        // Of 12 frames and some 20 strips each of the two threads finishes what it is at.
        let steps = progress.steps.into_inner();
        assert!(steps <= 2, "{last:?}: {steps}");
    }
}

#[test]
fn one_that_nobody_stops_is_complete() {
    let progress =
        UntilStage { last: Stage::Catalogue, steps: AtomicUsize::new(0), late: AtomicUsize::new(0) };
    let ended = stack(&frames(&night(options())), &StackOptions::default(), &progress);
    assert!(ended.is_ok(), "the last step is told when there is nothing left to stop");
}
