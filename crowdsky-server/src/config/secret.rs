//! Secrets, given as such or as a file.

use secrecy::SecretString;
use std::path::{Path, PathBuf};

/// A secret that cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// The file cannot be read.
    #[error("the secret in {} cannot be read; check that the file is there and readable", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        cause: std::io::Error,
    },
    /// Nothing in it.
    #[error("{} holds no secret: the file is empty", path.display())]
    Empty {
        /// The file.
        path: PathBuf,
    },
    /// Two secrets, of which one would be ignored.
    #[error("a secret is given both as such and in {}; give one of the two", path.display())]
    Twice {
        /// The file.
        path: PathBuf,
    },
}

/// The secret, from the setting itself or from a file, whose surrounding white space does not count. `None` if neither is
/// given.
pub fn read_secret(
    value: Option<&SecretString>,
    file: Option<&Path>,
) -> Result<Option<SecretString>, SecretError> {
    let Some(path) = file else { return Ok(value.cloned()) };
    let path_buf = || path.to_owned();
    if value.is_some() {
        return Err(SecretError::Twice { path: path_buf() });
    }
    let text =
        std::fs::read_to_string(path).map_err(|cause| SecretError::Unreadable { path: path_buf(), cause })?;
    match text.trim() {
        "" => Err(SecretError::Empty { path: path_buf() }),
        secret => Ok(Some(SecretString::from(secret))),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use secrecy::ExposeSecret;

    #[test]
    fn a_secret_comes_from_one_place() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("password");
        let given = SecretString::from("open sesame");
        assert!(read_secret(None, None).unwrap().is_none());
        assert_eq!(read_secret(Some(&given), None).unwrap().unwrap().expose_secret(), "open sesame");
        assert!(matches!(read_secret(None, Some(&file)), Err(SecretError::Unreadable { .. })));
        std::fs::write(&file, " \n").unwrap();
        assert!(matches!(read_secret(None, Some(&file)), Err(SecretError::Empty { .. })));
        std::fs::write(&file, "from a file\n").unwrap();
        assert_eq!(read_secret(None, Some(&file)).unwrap().unwrap().expose_secret(), "from a file");
        let twice = read_secret(Some(&given), Some(&file)).unwrap_err();
        assert!(!format!("{twice} {twice:?}").contains("sesame"));
    }
}
