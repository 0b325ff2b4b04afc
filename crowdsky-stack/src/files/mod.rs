//! The door to FITS: files to frames, a stack to a file.

mod frames;
mod star_table;
mod state;
mod write;

pub use frames::FileSource;
pub use state::{read_planes, read_state, state_path, write_state};
pub use write::{Layout, WriteOptions, encode, primary_header, write_atomically, write_fits};

use crate::error::Error;
use std::path::PathBuf;

/// Endings of the frames that are looked for in a folder, in any case.
const ENDINGS: [&str; 4] = [".fit", ".fits", ".fit.gz", ".fits.gz"];
/// Read only with the feature `cfitsio`, but named in the report in any build.
const COMPRESSED: &str = ".fz";

/// Files as they are, folders as the frames directly in them (by ending, in order of name); each path once.
///
/// # Errors
/// [`Error::Io`] for a folder that cannot be read, [`Error::NoFrames`] if nothing is left. A file that does not exist is
/// kept: the report will say so.
pub fn find_frames(paths: &[PathBuf]) -> Result<Vec<PathBuf>, Error> {
    let mut found = Vec::new();
    for path in paths {
        if !path.is_dir() {
            found.push(path.clone());
            continue;
        }
        let io = |source| Error::Io { path: path.clone(), source };
        let mut inside = Vec::new();
        for entry in std::fs::read_dir(path).map_err(io)? {
            let entry = entry.map_err(io)?.path();
            let name = entry.file_name().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
            let wanted =
                ENDINGS.iter().chain(&[COMPRESSED]).any(|e| name.ends_with(e)) && !name.starts_with('.');
            if wanted && !entry.is_dir() {
                inside.push(entry);
            }
        }
        inside.sort();
        found.extend(inside);
    }
    let mut seen = std::collections::HashSet::new();
    found.retain(|p| seen.insert(p.clone()));
    if found.is_empty() { Err(Error::NoFrames) } else { Ok(found) }
}
