//! Progress bars on stderr, only when it is a terminal.

use super::interrupt::Interrupt;
use crowdsky_stack::{Progress, Stage};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::sync::{Mutex, PoisonError};

/// One bar at a time: each stage replaces the one before it.
pub(super) struct Bars {
    quiet: bool,
    /// Said before every stage: which chunk of how many.
    prefix: String,
    interrupt: Interrupt,
    current: Mutex<Option<(&'static str, ProgressBar)>>,
}

impl Bars {
    pub(super) fn new(quiet: bool) -> Self {
        Self::with_prefix(quiet, String::new(), Interrupt::default())
    }

    /// Work that ends when `interrupt` is seen.
    pub(super) fn with_prefix(quiet: bool, prefix: String, interrupt: Interrupt) -> Self {
        Bars { quiet, prefix, interrupt, current: Mutex::new(None) }
    }

    /// `done` of `total` steps of `what` are done.
    pub(super) fn show(&self, what: &'static str, done: usize, total: usize) {
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        let bar = match &*current {
            Some((shown, bar)) if *shown == what => bar,
            other => {
                if let Some((_, old)) = other {
                    old.finish_and_clear();
                }
                &current.insert((what, self.bar(what, total))).1
            }
        };
        // Several threads report, not always in order.
        bar.set_position(bar.position().max(done as u64));
    }

    /// Takes the bar away.
    pub(super) fn clear(&self) {
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, bar)) = current.take() {
            bar.finish_and_clear();
        }
    }

    fn bar(&self, what: &'static str, total: usize) -> ProgressBar {
        // stderr() draws on a terminal only.
        let target = if self.quiet { ProgressDrawTarget::hidden() } else { ProgressDrawTarget::stderr() };
        let bar = ProgressBar::with_draw_target(Some(total as u64), target);
        if let Ok(style) = ProgressStyle::with_template("{msg} {bar:30} {pos}/{len}, {eta} left") {
            bar.set_style(style);
        }
        bar.with_message(format!("{}{what}", self.prefix))
    }
}

impl Progress for Bars {
    fn update(&self, stage: Stage, done: usize, total: usize) {
        let what = match stage {
            Stage::Headers => "reading headers",
            Stage::Frames => "reading frames",
            Stage::Register => "registering",
            Stage::Combine => "combining",
            Stage::Catalogue => "finding stars",
            _ => "working",
        };
        self.show(what, done, total);
    }

    fn stopped(&self) -> bool {
        self.interrupt.seen()
    }
}
