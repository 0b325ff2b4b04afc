//! Checks of raw frames in the browser, before a byte is sent.
//!
//! Two WebAssembly modules come of it: `header` (the default feature), which a page loads at once, and `pixels`, which it loads when it
//! shows frames. `scanner`, `checked`, `report`, `group` and `pixels` know nothing of JavaScript, so that native programs run the same
//! code; `js` and `js_pixels` are the doors to it.

#[cfg(feature = "header")]
mod checked;
#[cfg(feature = "header")]
mod group;
#[cfg(feature = "header")]
mod js;
#[cfg(feature = "pixels")]
mod js_pixels;
#[cfg(feature = "header")]
pub mod json;
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
#[cfg(feature = "pixels")]
pub use pixels::{NoPixels, Picture, Quality, picture_of, quality_of};
#[cfg(feature = "header")]
pub use report::Report;
#[cfg(feature = "header")]
pub use scanner::Scanner;

/// 1 kB of code where the standard library's has 6. Reports are freed in the order they were made, which suits its one list.
#[cfg(all(feature = "header", not(feature = "pixels"), target_family = "wasm"))]
#[global_allocator]
static ALLOCATOR: lol_alloc::LockedAllocator<lol_alloc::FreeListAllocator> =
    lol_alloc::LockedAllocator::new(lol_alloc::FreeListAllocator::new());
