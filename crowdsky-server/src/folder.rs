//! Folders that nobody else may enter.

use std::fs::DirBuilder;
use std::io;
use std::path::Path;

/// Makes the folder, and what is missing above it, for this user alone: frames say where people live (U-17). What is there
/// already keeps its rights.
///
/// # Errors
/// What the operating system says.
pub(crate) fn make_private(folder: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}
