//! crowdsky-stack
