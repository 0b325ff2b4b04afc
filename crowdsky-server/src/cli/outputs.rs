//! Whether outputs may be written, asked before minutes of work are spent on them.

use super::exit::Failure;
use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Checks files that are to be written, each with the option that names it.
///
/// They are renamed into place, which would replace whatever is there: so nothing may be there, or a file and `overwrite`;
/// never one of the `inputs`, and no two may be the same.
pub(super) fn check(
    files: &[(&str, Option<&PathBuf>)],
    inputs: &[PathBuf],
    overwrite: bool,
) -> Result<(), Failure> {
    let inputs: HashSet<PathBuf> =
        inputs.iter().flat_map(|path| [place(path), path.canonicalize().ok()]).flatten().collect();
    let mut seen: Vec<(PathBuf, &str)> = Vec::new();
    for (option, path) in files.iter().filter_map(|(option, path)| Some((*option, (*path)?))) {
        let shown = path.display();
        check_parent(path)?;
        let Some(place) = place(path) else {
            return Err(Failure::Failed(format!("{shown} is no name for a file ({option})")));
        };
        if let Some((_, other)) = seen.iter().find(|(earlier, _)| *earlier == place) {
            return Err(Failure::Usage(format!(
                "{other} and {option} are both {shown}: give each its own name"
            )));
        }
        let is_input = |path: &Path| {
            inputs.contains(path) || path.canonicalize().is_ok_and(|real| inputs.contains(&real))
        };
        if is_input(&place) {
            return Err(Failure::Failed(format!(
                "{shown} is one of the frames: choose another name for {option}"
            )));
        }
        // Without following links: a link is replaced, not the file behind it.
        if let Ok(there) = fs::symlink_metadata(path) {
            if there.is_dir() {
                return Err(Failure::Failed(format!(
                    "{shown} is a folder: give {option} the name of a file"
                )));
            }
            if !there.is_file() && !there.is_symlink() {
                return Err(Failure::Failed(format!(
                    "{shown} is not a regular file: choose another name for {option}"
                )));
            }
            if !overwrite {
                return Err(exists(path));
            }
        }
        seen.push((place, option));
    }
    Ok(())
}

/// Checks a folder that is to be written into; it is there, or can be made.
pub(super) fn check_folder(path: &Path, option: &str) -> Result<(), Failure> {
    if path.is_dir() {
        return Ok(());
    }
    if fs::symlink_metadata(path).is_ok() {
        let shown = path.display();
        return Err(Failure::Failed(format!("{shown} is not a folder: with --by chunk {option} names one")));
    }
    check_parent(path)
}

/// The failure over an output that exists and may not be replaced.
pub(super) fn exists(path: &Path) -> Failure {
    Failure::because(&crowdsky_stack::Error::Exists(path.to_owned()))
}

fn check_parent(path: &Path) -> Result<(), Failure> {
    let parent = parent(path);
    if parent.is_dir() {
        return Ok(());
    }
    let (shown, folder) = (path.display(), parent.display());
    Err(Failure::Failed(format!("cannot write {shown}: there is no folder {folder}; make it first")))
}

/// Where the name itself lies: its folder without links and dots, and the name.
fn place(path: &Path) -> Option<PathBuf> {
    Some(parent(path).canonicalize().ok()?.join(path.file_name()?))
}

/// The folder of a path; the parent of a bare name is here.
fn parent(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}
