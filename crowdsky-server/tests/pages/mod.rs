//! The pages, as a browser gets them.

mod access;
mod events;
mod scripts;
mod stacks;
mod status;
mod upload;
