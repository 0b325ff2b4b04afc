//! The addresses of the original.

mod attempts;
mod old_worker;
mod paths;
mod web;
mod worker;
