//! What is kept of a stack so that frames can be added to it later.
//!
//! Of every frame: what it is called, what its header says, the fingerprint of its pixels, its sky, its stars and how it was
//! matched. With this, old frames are read again but neither measured nor matched again; and where their files are gone, the
//! new frames can still be brought to their grid, level and scale.

mod codec;
mod format;

use crate::analyse::Analysed;
use crate::options::{Method, StackOptions};
use crate::report::Dropped;
use crate::transform::Transform;
use crowdsky_core::FrameMeta;

pub(crate) use format::{decode, encode};

/// The state of a stack, for [`crate::append`].
#[derive(Debug, Clone)]
pub struct State {
    pub(crate) method: Method,
    pub(crate) sigma: f64,
    pub(crate) allow_mixed: bool,
    pub(crate) share: bool,
    /// Number of the frame that gave the output its grid.
    pub(crate) reference: usize,
    /// Fingerprint of the stack's planes.
    pub(crate) planes: u64,
    pub(crate) frames: Vec<Known>,
    /// By telescope: pixel numbers of its defects.
    pub(crate) defects: Vec<(Option<String>, Vec<u32>)>,
}

/// One frame.
#[derive(Debug, Clone)]
pub(crate) struct Known {
    pub(crate) name: String,
    /// Without the site, which is private.
    pub(crate) meta: FrameMeta,
    pub(crate) fingerprint: Option<u64>,
    pub(crate) analysed: Option<Analysed>,
    /// Why it is not in the stack.
    pub(crate) dropped: Option<Dropped>,
    /// Pixel of the frame to pixel of the reference frame, as matching alone gave it.
    pub(crate) link: Option<Transform>,
    pub(crate) transparency: f64,
}

/// Why a state cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StateError {
    /// Not a state, or of a version this one does not read.
    #[error("is not the state of a stack that this version can read")]
    Unknown,

    /// The file ends before the state does, or was damaged.
    #[error("is damaged: {0}")]
    Damaged(&'static str),

    /// The stack was made with other options.
    #[error(
        "the stack was made with {made}, this run has {asked}: give the same options, or stack all frames anew"
    )]
    Options {
        /// As it was made.
        made: String,
        /// As is wanted now.
        asked: String,
    },

    /// The planes are not those that the state was kept with.
    #[error("the stack is not the one its state was kept with: stack all frames anew")]
    OtherStack,
}

impl State {
    /// What the frames are called, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.frames.iter().map(|frame| &frame.name[..])
    }

    /// Calls every frame by another name, such as a path that holds in any folder.
    pub fn rename(&mut self, name: impl Fn(&str) -> String) {
        for frame in &mut self.frames {
            frame.name = name(&frame.name);
        }
    }

    /// Whether frames may be added with these options.
    pub(crate) fn check(&self, options: &StackOptions) -> Result<(), StateError> {
        let words = |method: Method, sigma: f64, share: bool, mixed: bool| {
            let share = if share { " --share on" } else { "" };
            let mixed = if mixed { " --allow-mixed" } else { "" };
            format!("--method {} --sigma {sigma}{share}{mixed}", method.as_str())
        };
        let made = words(self.method, self.sigma, self.share, self.allow_mixed);
        let asked = words(options.method, options.sigma, options.share, options.allow_mixed);
        if made == asked { Ok(()) } else { Err(StateError::Options { made, asked }) }
    }
}
