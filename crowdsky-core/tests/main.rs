//! All integration tests in one binary, one module per subject.

#![allow(clippy::unwrap_used)]

mod dates;
mod groups;
mod healpix;
mod names;
#[cfg(feature = "serde")]
mod serde;
mod vectors;

use crowdsky_core::{SkyPos, UtcTime};

fn pos(ra: f64, dec: f64) -> SkyPos {
    SkyPos::new(ra, dec).unwrap()
}

fn time(text: &str) -> UtcTime {
    UtcTime::parse_date_obs(text).unwrap()
}

/// Rows of a table under `tests/data`: fields between bars, `#` begins a comment, blanks at the ends of a field go.
fn rows(table: &str) -> Vec<Vec<&str>> {
    let lines = table.lines().filter(|l| !l.starts_with('#') && !l.is_empty());
    lines.map(|l| l.split('|').map(str::trim).collect()).collect()
}
