//! Settings from their four places: defaults, file, environment, flags. The later wins.

use super::Settings;
use figment::Figment;
use figment::providers::{Env, Format, Serialized, Toml};
use std::path::{Path, PathBuf};

/// Where a server looks when no file is named.
pub const SYSTEM_FILE: &str = "/etc/crowdsky/config.toml";
/// `CROWDSKY__HTTP__LISTEN` is `http.listen`.
const PREFIX: &str = "CROWDSKY__";

/// Settings that cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// The file named is not there.
    #[error("{}: there is no such file", .0.display())]
    NoFile(PathBuf),
    /// A key that is unknown or has a wrong value.
    #[error("{0}")]
    Bad(String),
}

/// Reads the settings. `flags` are what the command line says, by path: `("http.listen", "127.0.0.1:0")`.
///
/// # Errors
/// [`ConfigError`], naming the key and where it was given; never its value, which may be a secret.
pub fn load(file: Option<&Path>, flags: &[(&str, toml::Value)]) -> Result<Settings, ConfigError> {
    if let Some(file) = file.filter(|file| !file.is_file()) {
        return Err(ConfigError::NoFile(file.to_owned()));
    }
    let file = file.unwrap_or(Path::new(SYSTEM_FILE));
    // Serialised defaults would lack the secrets, which are never written; types have their own defaults.
    let mut figment =
        Figment::new().merge(Toml::file(file)).merge(environment().filter(|key| !is_secret(key.as_str())));
    // A password of digits is no number, and keeps its zeros.
    for (key, value) in environment().iter().filter(|(key, _)| is_secret(key.as_str())) {
        figment = figment.merge(Serialized::default(key.as_str(), value));
    }
    for (key, value) in flags {
        figment = figment.merge(Serialized::default(key, value));
    }
    let settings: Settings = figment.extract().map_err(|error| ConfigError::Bad(told(error)))?;
    settings.check()?;
    Ok(settings)
}

fn environment() -> Env {
    Env::prefixed(PREFIX).split("__")
}

/// Whether the value of this key is a secret itself.
fn is_secret(key: &str) -> bool {
    ["password", "token", "share_token"].iter().any(|name| key.rsplit('.').next() == Some(name))
}

fn told(errors: figment::Error) -> String {
    let mut lines = Vec::new();
    for error in errors {
        let key = error.path.join(".");
        let place = error.metadata.as_ref().map_or_else(String::new, |from| match &from.source {
            Some(source) => format!(" ({source})"),
            None => format!(" ({})", from.name),
        });
        let kind = match &error.kind {
            figment::error::Kind::UnknownField(field, known) => {
                format!("there is no key {field:?}; there are {}", known.join(", "))
            }
            // The value may be a password.
            figment::error::Kind::InvalidType(_, wanted) => format!("a {wanted} is expected"),
            figment::error::Kind::InvalidValue(_, wanted) => format!("{wanted} is expected"),
            // The parser of TOML shows the line it cannot read, where a password may stand: first and last line say enough.
            other => {
                let text = other.to_string();
                let mut parts = text.lines().filter(|line| !line.contains('|'));
                match (parts.next(), parts.next_back()) {
                    (Some(first), Some(last)) => format!("{first}: {last}"),
                    (first, _) => first.unwrap_or("it cannot be read").to_owned(),
                }
            }
        };
        lines.push(if key.is_empty() { format!("{kind}{place}") } else { format!("{key}: {kind}{place}") });
    }
    lines.join("; ")
}
