//! The binary `crowdsky`.
fn main() {}
