#![cfg_attr(feature = "std", doc = include_str!("../README.md"))]
//!
//! # The tour
//! From bytes upwards, one idea to a file:
//!
//! 1. `block` - 2880 bytes, and the padding up to them.
//! 2. `value`, `card` - 80 bytes: [`Card`] and its [`Value`].
//! 3. `header` - [`Header`]: cards in order, found by keyword.
//! 4. `finding`, `limits`, `error` - what is odd ([`Finding`]), what is too much ([`Limits`]), what fails ([`Error`]).
//! 5. `bitpix`, `image` - [`Samples`] and [`Image`].
//! 6. `tform`, `cells`, `table` - [`BinTable`], its [`Column`]s and [`Cells`].
//! 7. `hdu`, `read`, `unpack`, `source` - [`HduReader`] walks through any stream, unit by unit.
//! 8. `raw`, `rows`, `inspect` - [`read_raw_u16`] for camera frames, `RawRows` (feature `std`) for a piece of one; [`inspect()`] for
//!    a report without data.
//! 9. `checksum`, `write`, `table_write` - [`FitsWriter`].
//! 10. `scan` - [`HeaderScanner`]: the first header of a file that comes in pieces.
//! 11. `frame` (feature `std`) - `frame_meta` and `stack_cards`: the door to `crowdsky-core`; `class` - `FrameClass` and `Refusal`: what
//!     a file is to CrowdSky; `json` (feature `serde`) - one form for all programs.
#![cfg_attr(not(feature = "cfitsio"), forbid(unsafe_code))]
#![no_std]

extern crate alloc;
#[cfg(feature = "std")]
extern crate std;

mod bitpix;
mod block;
mod card;
mod cells;
#[cfg(feature = "cfitsio")]
pub mod cfitsio;
pub mod checksum;
mod error;
mod finding;
#[cfg(feature = "std")]
mod frame;
mod hdu;
mod header;
mod image;
mod inspect;
mod limits;
mod number;
mod raw;
mod read;
#[cfg(feature = "std")]
mod rows;
mod scan;
mod source;
mod table;
mod table_write;
mod tform;
mod unpack;
mod value;
mod write;

pub use bitpix::{Bitpix, Samples, SamplesRef};
pub use block::{BLOCK, CARD, padding};
pub use card::Card;
pub use cells::Cells;
pub use error::Error;
pub use finding::{Code, Finding, Severity};
#[cfg(feature = "serde")]
pub use frame::{FactsForm, FindingForm};
#[cfg(feature = "std")]
pub use frame::{FrameClass, FrameHead, Refusal, ascii, frame_meta, stack_cards};
pub use hdu::{Hdu, HduData, HduHead, HduKind, Layout};
pub use header::{Header, ParsedHeader};
pub use image::Image;
pub use inspect::{FileReport, inspect, verify};
pub use limits::Limits;
pub use raw::{RawFrame, read_raw_u16};
pub use read::{HduReader, OpenHdu, read_all, read_header};
#[cfg(feature = "std")]
pub use rows::RawRows;
pub use scan::HeaderScanner;
pub use source::{Sink, Source};
pub use table::{BinTable, Column};
pub use table_write::{CellsRef, NewColumn};
pub use tform::{Element, TForm};
pub use value::Value;
pub use write::{FitsWriter, ImageRef};
