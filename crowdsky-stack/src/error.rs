//! What ends a stack. What befalls a single frame is a [`crate::Reason`] in the report.

use crate::report::StackReport;

/// Why there is no stack.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Pixels that do not make a frame.
    #[error("{pixels} pixels are no frame of {width} x {height} (each side at least 32)")]
    Shape {
        /// Columns asked for.
        width: usize,
        /// Rows asked for.
        height: usize,
        /// Pixels given.
        pixels: usize,
    },

    /// No frames were given.
    #[error("no frames given: name files or folders that hold *.fit, *.fits or *.fit.gz")]
    NoFrames,

    /// Fewer than two frames are left; the report tells what became of each.
    #[error("nothing to stack: {accepted} of {given} frames usable, at least 2 are needed{}", first_reason(.report))]
    NothingToStack {
        /// Frames given.
        given: usize,
        /// Frames that could be used.
        accepted: usize,
        /// What became of each frame.
        report: Box<StackReport>,
    },

    /// The reference frame that was named is not among the frames, or not usable.
    #[error("the reference {name} {problem}; name one of the accepted frames, or leave the choice to `auto`")]
    Reference {
        /// As it was given.
        name: String,
        /// What is wrong with it.
        problem: String,
    },

    /// The frames do not fit into the memory allowed.
    #[error("{frames} frames need about {} MB, {} MB are allowed: allow more memory or stack fewer frames at a time", .needed >> 20, .allowed >> 20)]
    Memory {
        /// Frames to be held.
        frames: usize,
        /// Bytes they need.
        needed: u64,
        /// Bytes allowed.
        allowed: u64,
    },

    /// More frames than a FOOTPRINT of 16 bits can count.
    #[error("{0} frames are more than the 65,535 one stack can count: stack them in parts")]
    TooMany(usize),

    /// The threads could not be started.
    #[error("cannot start {threads} threads: {problem}")]
    Threads {
        /// As asked for.
        threads: usize,
        /// What the system says.
        problem: String,
    },

    /// [`crate::Progress::stopped`] said so.
    #[error("stopped before the stack was complete")]
    Stopped,

    /// A file or folder that cannot be read or written.
    #[error("{}: {source}", .path.display())]
    Io {
        /// Which.
        path: std::path::PathBuf,
        /// What the system says.
        source: std::io::Error,
    },

    /// A stack that cannot be written as FITS.
    #[error("{}: {source}", .path.display())]
    Fits {
        /// Which file.
        path: std::path::PathBuf,
        /// What the writer says.
        source: crowdsky_fits::Error,
    },

    /// A preview that cannot be written as PNG.
    #[error("{}: {source}", .path.display())]
    Png {
        /// Which file.
        path: std::path::PathBuf,
        /// What the encoder says.
        source: png::EncodingError,
    },

    /// The output exists and may not be replaced.
    #[error("{} exists already: choose another name, or allow overwriting (--overwrite)", .0.display())]
    Exists(std::path::PathBuf),
}

/// ": NAME: reason" of the first frame that was dropped.
fn first_reason(report: &StackReport) -> String {
    let dropped = report.frames.iter().find(|f| !f.accepted);
    dropped.map_or(String::new(), |f| format!(" ({}: {})", f.path, f.detail.as_deref().unwrap_or("dropped")))
}
