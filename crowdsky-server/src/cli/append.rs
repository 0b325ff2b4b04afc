//! `stack --append`: frames added to a stack, of which the state is kept beside it.

use super::exit::Failure;
use super::progress::Bars;
use super::stack::failure;
use super::terminal;
use crowdsky_stack::files::{FileSource, read_planes, read_state, state_path};
use crowdsky_stack::{Error, Stack, StackOptions, State, append, append_linearly};
use std::collections::HashSet;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// The frames of a stack, and those to be added.
pub(super) struct Addition {
    state: State,
    /// Those of the stack first.
    paths: Vec<PathBuf>,
}

impl Addition {
    /// Of the frames in `given` those that `output` does not hold yet.
    pub(super) fn new(output: &Path, given: Vec<PathBuf>) -> Result<Addition, Failure> {
        let state = match read_state(&state_path(output)) {
            Ok(state) => state,
            Err(Error::Io { path, source }) if source.kind() == ErrorKind::NotFound => {
                let (shown, state) = (output.display(), path.display());
                return Err(Failure::Failed(format!(
                    "there is no {state}, which is kept beside every stack: leave out --append to make {shown}"
                )));
            }
            Err(error) => return Err(failure(error)),
        };
        let mut paths: Vec<PathBuf> = state.names().map(PathBuf::from).collect();
        let mut new: Vec<PathBuf> = given.into_iter().map(|path| absolute(&path)).collect();
        // A frame that has moved is known by its name; its pixels will be compared.
        for old in paths.iter_mut().filter(|old| !old.exists()) {
            if let Some(moved) = new.iter().find(|path| path.file_name() == old.file_name()) {
                old.clone_from(moved);
            }
        }
        let known: HashSet<&PathBuf> = paths.iter().collect();
        new.retain(|path| !known.contains(path));
        if new.is_empty() {
            let (n, shown) = (paths.len(), output.display());
            return Err(Failure::Nothing(format!(
                "nothing to add: {shown} has all of these {n} frames already"
            )));
        }
        paths.extend(new);
        Ok(Addition { state, paths })
    }

    pub(super) fn paths(&self) -> &[PathBuf] {
        &self.paths
    }

    /// Adds them: exactly if the frames of the stack can be read again, else to the planes of `output`, and says so.
    pub(super) fn stack(
        &self,
        output: &Path,
        source: &FileSource,
        options: &StackOptions,
        bars: &Bars,
    ) -> Result<Stack, Error> {
        match append(source, &self.state, options, bars) {
            Err(gone @ Error::RawsGone { .. }) => {
                bars.clear();
                terminal::complain(&format!(
                    "crowdsky stack: {gone}: the new frames are added to the planes of {}, which is not the same as \
                     stacking all together",
                    output.display()
                ));
                append_linearly(source, &self.state, read_planes(output)?, options, bars)
            }
            done => done,
        }
    }
}

/// A path that holds in any folder; as it is where the system cannot tell.
pub(super) fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf())
}
