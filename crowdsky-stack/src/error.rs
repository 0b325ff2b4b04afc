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
    #[error(
        "the reference {name} {problem}; name one of the accepted frames, or leave the choice to the program"
    )]
    Reference {
        /// As it was given.
        name: String,
        /// What is wrong with it.
        problem: String,
    },

    /// Not even the smallest parts of the frames fit into the memory allowed.
    #[error("{frames} frames need about {} MB even if they are read in parts, {} MB are allowed: allow more memory or stack fewer frames at a time", .needed.div_ceil(1 << 20), .allowed >> 20)]
    Memory {
        /// Frames to be stacked.
        frames: usize,
        /// Least bytes they need.
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

    /// Raw frames of a stack that is to be added to are gone, or are not those it was made of.
    #[error("{gone} of {frames} frames of the stack cannot be read again ({first})")]
    RawsGone {
        /// Frames that cannot be read again.
        gone: usize,
        /// Frames of the stack.
        frames: usize,
        /// The first of them, and what is wrong with it.
        first: String,
    },

    /// A state that cannot be used.
    #[error("{}: {source}", .path.display())]
    State {
        /// Which file.
        path: std::path::PathBuf,
        /// What is wrong with it.
        source: crate::StateError,
    },

    /// Frames cannot be added to this stack.
    #[error("{0}")]
    Append(#[from] crate::StateError),

    /// The output exists and may not be replaced.
    #[error("{} exists already: choose another name, or allow overwriting (--overwrite)", .0.display())]
    Exists(std::path::PathBuf),
}

/// ": NAME: reason" of the first frame that was dropped.
fn first_reason(report: &StackReport) -> String {
    let dropped = report.frames.iter().find(|f| !f.accepted);
    dropped.map_or(String::new(), |f| format!(" ({}: {})", f.path, f.detail.as_deref().unwrap_or("dropped")))
}
