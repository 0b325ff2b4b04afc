//! Secrets: in the configuration itself, or better in a file of their own.

use secrecy::SecretString;
use std::path::{Path, PathBuf};

/// A secret that cannot be had.
#[derive(Debug, thiserror::Error)]
#[error("{key}_file: {} cannot be used", file.display())]
pub struct SecretError {
    key: &'static str,
    file: PathBuf,
    #[source]
    cause: std::io::Error,
}

/// The secret `key`: the value if there is one, else the first line of the file. A relative path is looked for among the
/// credentials of systemd first.
///
/// # Errors
/// The file cannot be read.
pub fn read_secret(
    key: &'static str,
    value: Option<&SecretString>,
    file: Option<&Path>,
) -> Result<Option<SecretString>, SecretError> {
    if let Some(value) = value {
        return Ok(Some(value.clone()));
    }
    let Some(file) = file else { return Ok(None) };
    let credentials = std::env::var_os("CREDENTIALS_DIRECTORY").map(|folder| Path::new(&folder).join(file));
    let path = credentials.filter(|path| path.exists()).unwrap_or_else(|| file.to_owned());
    let first = |text: String| text.lines().next().unwrap_or_default().trim().to_owned();
    match std::fs::read_to_string(&path).map(first) {
        Ok(secret) if secret.is_empty() => {
            let cause = std::io::Error::new(std::io::ErrorKind::InvalidData, "its first line is empty");
            Err(SecretError { key, file: path, cause })
        }
        Ok(secret) => Ok(Some(SecretString::from(secret))),
        Err(cause) => Err(SecretError { key, file: path, cause }),
    }
}
