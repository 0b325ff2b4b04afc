//! How to stack.

use crate::Error;

/// How kept samples become a pixel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Method {
    /// The best there is for the number of frames: [`Method::Lsq`].
    #[default]
    Auto,
    /// Least squares from the photosites: white noise, honest colours, the sharpest stars, and a variance for every pixel.
    Lsq,
    /// Debayer, bicubic sampling, robust rejection, mean weighted by inverse variance.
    Mean,
    /// The same with the median of what was kept: a quarter more noise, for checking.
    Median,
}

impl Method {
    /// The method that is carried out.
    #[must_use]
    pub fn resolved(self) -> Method {
        match self {
            Method::Auto | Method::Lsq => Method::Lsq,
            Method::Mean => Method::Mean,
            Method::Median => Method::Median,
        }
    }

    /// Its name in reports and headers.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Method::Auto => "auto",
            Method::Lsq => "lsq",
            Method::Mean => "mean",
            Method::Median => "median",
        }
    }
}

/// Which frame gives the output its pixel grid.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Reference {
    /// Frame N/2 in time order, or the nearest accepted one.
    #[default]
    Auto,
    /// The frame of this name (its path as given, or the end of it).
    Named(String),
}

/// Options of [`crate::stack`], with setters that chain.
///
/// ```
/// use crowdsky_stack::{Method, StackOptions};
/// let options = StackOptions::default().method(Method::Median).sigma(3.5)?.threads(2);
/// assert_eq!(options.threads, 2);
/// assert!(StackOptions::default().sigma(0.5).is_err());
/// # Ok::<(), crowdsky_stack::SigmaError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct StackOptions {
    /// How samples are combined.
    pub method: Method,
    /// Rejection threshold in spreads of a pixel.
    pub sigma: f64,
    /// The output's pixel grid.
    pub reference: Reference,
    /// Whether frames of different filter, exposure and gain may be stacked together.
    pub allow_mixed: bool,
    /// Threads; 0 for one per core.
    pub threads: usize,
    /// Most bytes that frames and planes may take; `None` for no limit.
    pub memory: Option<u64>,
}

impl Default for StackOptions {
    fn default() -> Self {
        // At 4 a clean sample is lost in 4,000; the faint trails that 3 would catch are found by their length instead.
        StackOptions {
            method: Method::Auto,
            sigma: 4.0,
            reference: Reference::Auto,
            allow_mixed: false,
            threads: 0,
            memory: None,
        }
    }
}

/// A rejection threshold that would throw away the picture or reject nothing.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
#[error("a rejection threshold of {0} sigma is of no use: give 1.5 to 100")]
pub struct SigmaError(pub f64);

impl StackOptions {
    /// Sets how samples are combined.
    #[must_use]
    pub fn method(mut self, method: Method) -> Self {
        self.method = method;
        self
    }

    /// Sets the rejection threshold.
    ///
    /// # Errors
    /// [`SigmaError`] outside 1.5 to 100.
    pub fn sigma(mut self, sigma: f64) -> Result<Self, SigmaError> {
        if !(1.5..=100.0).contains(&sigma) {
            return Err(SigmaError(sigma));
        }
        self.sigma = sigma;
        Ok(self)
    }

    /// Sets the frame that gives the output its grid.
    #[must_use]
    pub fn reference(mut self, reference: Reference) -> Self {
        self.reference = reference;
        self
    }

    /// Lets filters, exposures and gains mix.
    #[must_use]
    pub fn allow_mixed(mut self, yes: bool) -> Self {
        self.allow_mixed = yes;
        self
    }

    /// Sets the number of threads, 0 for one per core.
    #[must_use]
    pub fn threads(mut self, threads: usize) -> Self {
        self.threads = threads;
        self
    }

    /// Limits the memory, bytes.
    #[must_use]
    pub fn memory(mut self, bytes: Option<u64>) -> Self {
        self.memory = bytes;
        self
    }

    /// Refuses what cannot be held: `frames` mosaics of `pixels` photosites and the planes of the output.
    pub(crate) fn check_memory(&self, frames: usize, pixels: usize) -> Result<(), Error> {
        // Per photosite 2 bytes; the output 3 floats, two counts and as much again while the star table is made; 64 MB for
        // tiles, meshes and the program.
        let (frames_u64, pixels) = (frames as u64, pixels as u64);
        let needed = pixels
            .saturating_mul(2)
            .saturating_mul(frames_u64)
            .saturating_add(pixels.saturating_mul(36))
            .saturating_add(64 << 20);
        match self.memory {
            Some(allowed) if needed > allowed => Err(Error::Memory { frames, needed, allowed }),
            _ => Ok(()),
        }
    }
}
