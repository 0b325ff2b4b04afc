//! How to stack.

/// How kept samples become a pixel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Method {
    /// The best there is for the number of frames: [`Method::Lsq`], for two or three [`Method::Mean`].
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
    /// With fewer frames `auto` is `mean`: three samples of a colour in four pixels leave least squares little to solve
    /// for, and of three frames a cloudy one cannot be told from the rest sample by sample.
    const MIN_FOR_LSQ: usize = 4;

    /// The method that is carried out for `frames` frames.
    #[must_use]
    pub fn resolved(self, frames: usize) -> Method {
        match self {
            Method::Auto if frames < Self::MIN_FOR_LSQ => Method::Mean,
            Method::Auto => Method::Lsq,
            method => method,
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
    /// The frame of this name (its path as given, or its file name).
    Named(String),
    /// The same if that frame can be used, else as `Auto`.
    Preferred(String),
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
    /// Whether the planes are given with their colours shared: less noise for the eye, not for measuring. Star table and
    /// variances are of the planes before that in any case, and thumbnails are always made with it.
    pub share: bool,
    /// Rejection threshold in spreads of a pixel.
    pub sigma: f64,
    /// The output's pixel grid.
    pub reference: Reference,
    /// Whether frames of different filter, exposure and gain may be stacked together.
    pub allow_mixed: bool,
    /// Threads; 0 for one per core.
    pub threads: usize,
    /// Most bytes that may be taken. Frames that do not fit in whole are read a second time, in parts. `None` for 1 GB, or as
    /// much more as it has to be.
    pub memory: Option<u64>,
}

impl Default for StackOptions {
    fn default() -> Self {
        // At 4 a clean sample is lost in 4,000; the faint trails that 3 would catch are found by their length instead.
        StackOptions {
            method: Method::Auto,
            share: false,
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

    /// Sets whether the planes share their colours.
    #[must_use]
    pub fn share(mut self, yes: bool) -> Self {
        self.share = yes;
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
}
