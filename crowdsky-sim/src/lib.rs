//! crowdsky-sim
