//! One transform for every frame, from the stars of all frames together.
//!
//! [`chain`] finds out which frames show the same field and roughly how they lie; [`solve`] then adjusts all of them
//! at once against a common catalogue, so that the error of the reference frame's own stars does not enter.

mod catalogue;
mod chain;
mod solve;

pub(crate) use catalogue::Catalogue;
#[cfg(test)]
pub(crate) use catalogue::Sighting;
pub(crate) use chain::chain;
pub(crate) use solve::solve;
