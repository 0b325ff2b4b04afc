//! crowdsky-core
