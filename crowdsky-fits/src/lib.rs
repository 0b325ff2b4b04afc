//! crowdsky-fits
