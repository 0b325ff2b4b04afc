//! The addresses of the original.

mod web;
