//! Where rows and bytes are: every pair that the service is tested on. What does not start is a failure, never a skip.

use crate::support::dav::Dav;
use crate::support::mariadb::Mariadb;
use crowdsky_server::config::Database;
use crowdsky_server::store::{self, Store};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tempfile::TempDir;

/// Which database.
#[derive(Debug, Clone, Copy)]
pub(super) enum Rows {
    Sqlite,
    Mariadb,
}

/// Which storage, for raws and stacks alike.
#[derive(Debug, Clone, Copy)]
pub(super) enum Bytes {
    Local,
    Rclone,
    Apache,
    Nginx,
    Wsgidav,
    DavServer,
}

/// A pair that runs, and a folder for the rest.
#[derive(Debug)]
pub(super) struct Places {
    folder: TempDir,
    mariadb: Option<Mariadb>,
    dav: Option<Dav>,
}

impl Places {
    pub(super) async fn new(rows: Rows, bytes: Bytes) -> Places {
        let mariadb = match rows {
            Rows::Sqlite => None,
            Rows::Mariadb => Some(Mariadb::start()),
        };
        let dav = match bytes {
            Bytes::Local => None,
            Bytes::Rclone => Some(Dav::start("rclone")),
            Bytes::Apache => Some(Dav::start("apache")),
            Bytes::Nginx => Some(Dav::start("nginx")),
            Bytes::Wsgidav => Some(Dav::start("wsgidav")),
            Bytes::DavServer => Some(Dav::in_process().await),
        };
        Places { folder: tempfile::tempdir().unwrap(), mariadb, dav }
    }

    /// The address of the WebDAV storage of stacks.
    pub(super) fn stacks_url(&self) -> String {
        format!("{}stacks/", self.dav.as_ref().unwrap().url())
    }

    pub(super) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The server's folder of data.
    pub(super) fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// The storage of stacks as a remote worker is told of it that delivers there itself.
    pub(super) fn direct(&self) -> String {
        let url = self.stacks_url();
        format!(
            "[worker.artifacts]\nmode = \"direct\"\n[worker.artifacts.storage]\nkind = \"webdav\"\nurl = {url:?}\n"
        )
    }

    /// The rows, beside the server that uses them.
    pub(super) async fn store(&self) -> Arc<dyn Store> {
        let url = self.mariadb.as_ref().map(|server| server.url("crowdsky"));
        let settings = Database { url, ..Database::default() };
        store::connect(&settings, &self.data()).await.unwrap()
    }

    /// The settings that name these places; cheap passwords and no limits on sign-ins, for the tests sign in a lot.
    pub(super) fn settings(&self) -> String {
        let folder = self.data();
        let mut toml = format!("data_dir = {:?}\n", folder.to_str().unwrap());
        if let Some(server) = &self.mariadb {
            toml += &format!("[database]\nurl = {:?}\n", server.url("crowdsky"));
        }
        if let Some(dav) = &self.dav {
            for role in ["raws", "stacks"] {
                let url = format!("{}{role}/", dav.url());
                toml += &format!("[storage.{role}]\nkind = \"webdav\"\nurl = {url:?}\n");
                if let Some((user, password)) = dav.credentials() {
                    toml += &format!("user = {user:?}\npassword = {password:?}\n");
                }
            }
        }
        toml += "[accounts]\nbcrypt_cost = 4\nregistrations_per_hour_per_ip = 1000\nlogins_per_minute_per_ip = 1000\n";
        toml
    }
}
