//! The pages, as a browser gets them.

mod access;
mod check;
mod events;
mod form_token;
mod private;
mod scripts;
mod stacks;
mod status;
mod upload;
