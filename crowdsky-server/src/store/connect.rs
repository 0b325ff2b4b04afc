//! From the settings to an open database.

use super::{Error, Result, Store, mariadb, sqlite};
use crate::config::{Database, read_secret};
use secrecy::ExposeSecret;
use sqlx::mysql::MySqlConnectOptions;
use std::path::Path;
use std::str::FromStr;
use std::sync::Arc;

/// Opens the database the settings name; without an address `crowdsky.sqlite` in `data_dir`, which is made.
///
/// # Errors
/// [`Error::Settings`] if the address names no database we know; else what the database says.
pub async fn connect(settings: &Database, data_dir: &Path) -> Result<Arc<dyn Store>> {
    let wait = settings.acquire_timeout_s.duration();
    let sqlite = async |file: &Path| {
        if let Some(folder) = file.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            crate::folder::make_private(folder).map_err(|error| {
                Error::Settings(format!("the folder {} cannot be made: {error}", folder.display()))
            })?;
        }
        Ok(Arc::new(sqlite::SqlStore::open(file, settings.max_connections, wait).await?) as Arc<dyn Store>)
    };
    let Some(url) = &settings.url else { return sqlite(&data_dir.join("crowdsky.sqlite")).await };
    if let Some(file) = url.strip_prefix("sqlite:") {
        return sqlite(Path::new(file.strip_prefix("//").unwrap_or(file))).await;
    }
    Ok(Arc::new(
        mariadb::SqlStore::open(mariadb_options(settings, url)?, settings.max_connections, wait).await?,
    ))
}

/// Whether the settings name a database and its password can be read; nothing is asked of it.
///
/// # Errors
/// [`Error::Settings`].
pub fn check(settings: &Database) -> Result<()> {
    match &settings.url {
        Some(url) if !url.starts_with("sqlite:") => mariadb_options(settings, url).map(drop),
        _ => Ok(()),
    }
}

fn mariadb_options(settings: &Database, url: &str) -> Result<MySqlConnectOptions> {
    if !(url.starts_with("mysql://") || url.starts_with("mariadb://")) {
        let todo = "database.url begins with sqlite: or mysql:// (for MariaDB)";
        return Err(Error::Settings(todo.to_owned()));
    }
    // What sqlx says of an address may hold the password.
    let options =
        MySqlConnectOptions::from_str(&url.replacen("mariadb://", "mysql://", 1)).map_err(|_| {
            Error::Settings("database.url cannot be read: mysql://USER@HOST:PORT/NAME".to_owned())
        })?;
    let password =
        read_secret("database.password", settings.password.as_ref(), settings.password_file.as_deref())
            .map_err(|error| Error::Settings(error.to_string()))?;
    Ok(match password {
        Some(password) => options.password(password.expose_secret()),
        None => options,
    })
}
