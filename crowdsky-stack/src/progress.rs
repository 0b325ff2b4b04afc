//! Telling the caller how far it is.

/// A stage of the pipeline, in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Stage {
    /// Headers.
    Headers,
    /// Pixels, sky and stars.
    Frames,
    /// Matching and the joint solution.
    Register,
    /// Tiles.
    Combine,
    /// The stack's own stars.
    Catalogue,
}

/// Receives progress; called from several threads.
pub trait Progress: Sync {
    /// `done` of `total` steps of `stage` are done.
    fn update(&self, stage: Stage, done: usize, total: usize);

    /// Whether the stack is to be given up: asked before every frame and every strip of the output, it ends with
    /// [`crate::Error::Stopped`].
    fn stopped(&self) -> bool {
        false
    }
}

/// Tells nobody.
impl Progress for () {
    fn update(&self, _: Stage, _: usize, _: usize) {}
}
