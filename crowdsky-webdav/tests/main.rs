//! The client against WebDAV servers, and against hostile answers.
#![allow(clippy::unwrap_used)]

mod contract;
mod faults;
mod faulty;
mod folders;
mod names;
