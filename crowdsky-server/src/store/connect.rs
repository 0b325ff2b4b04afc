//! From the settings to a database.

use super::{Error, Result, Store, sqlite};
use crate::config::Database;
use std::path::Path;
use std::sync::Arc;

/// Opens the database of the settings; without an address, `crowdsky.sqlite` in `data_dir`. The schema is not touched.
pub async fn connect(settings: &Database, data_dir: &Path) -> Result<Arc<dyn Store>> {
    let patience = settings.acquire_timeout_s.duration();
    match settings.url.as_deref() {
        None => Ok(Arc::new(sqlite::SqlStore::open(&data_dir.join("crowdsky.sqlite")).await?)),
        Some(url) if url.starts_with("sqlite:") => {
            Ok(Arc::new(sqlite::SqlStore::open_url(url, settings.max_connections, patience).await?))
        }
        Some(_) => Err(Error::Address),
    }
}
