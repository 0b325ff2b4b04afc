//! Checks of raw frames in the browser, before a byte is sent.
//!
//! Two WebAssembly modules come of it: `header` (the default feature), which a page loads at once, and `pixels`, for previews.
//! `scanner`, `report` and `group` know nothing of JavaScript, so that native tests run the same code; `js` is the door to it.

#[cfg(feature = "header")]
mod checked;
#[cfg(feature = "header")]
mod group;
#[cfg(feature = "header")]
mod js;
#[cfg(feature = "pixels")]
mod pixels;
#[cfg(feature = "header")]
mod report;
#[cfg(feature = "header")]
mod scanner;

#[cfg(feature = "header")]
pub use checked::Checked;
#[cfg(feature = "header")]
pub use group::{Chunk, Grouped, LeftOut, group};
#[cfg(feature = "header")]
pub use report::Report;
#[cfg(feature = "header")]
pub use scanner::Scanner;
