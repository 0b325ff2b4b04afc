//! Where the server is, who we are to it, and how patient we are.

use crate::error::{Error, Result};
use crate::multistatus::decode_href;
use secrecy::SecretString;
use std::time::Duration;
use url::Url;

/// Settings of a [`crate::Client`].
#[derive(Clone, Debug)]
pub struct Config {
    base: Url,
    /// Who we are.
    pub credentials: Credentials,
    /// How long to wait, by phase.
    pub timeouts: Timeouts,
    /// How often to try.
    pub retry: Retry,
    /// What is accepted from the server.
    pub limits: Limits,
}

/// Who we are to the server.
#[derive(Clone, Debug)]
pub enum Credentials {
    /// Nobody.
    None,
    /// A user with a password.
    Basic {
        /// The name.
        user: String,
        /// The password.
        password: SecretString,
    },
    /// The token of a Nextcloud share: the user's name, with an empty password.
    ShareToken(SecretString),
}

/// How long to wait, by phase. There is no limit on the whole: a slow line may carry a large file.
#[derive(Clone, Copy, Debug)]
pub struct Timeouts {
    /// For the connection.
    pub connect: Duration,
    /// For the answer, after the last byte that was sent.
    pub response: Duration,
    /// Between two pieces of a body.
    pub idle: Duration,
}

/// How often to try, and how long to wait between: a random time up to `base * 2^n`, at most `cap`.
#[derive(Clone, Copy, Debug)]
pub struct Retry {
    /// Tries in all, the first one included.
    pub attempts: u32,
    /// The first wait, at most.
    pub base: Duration,
    /// The longest wait, whatever `Retry-After` asks.
    pub cap: Duration,
}

/// What is accepted from the server.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Bytes of an answer to PROPFIND.
    pub propfind_bytes: u64,
    /// Entries of one folder. A walk goes through as many folders as there are.
    pub entries: usize,
    /// Depth of folders in a walk, and of elements in XML.
    pub depth: usize,
}

impl Default for Timeouts {
    fn default() -> Timeouts {
        let [connect, response, idle] = [10, 60, 30].map(Duration::from_secs);
        Timeouts { connect, response, idle }
    }
}

impl Default for Retry {
    fn default() -> Retry {
        Retry { attempts: 5, base: Duration::from_millis(250), cap: Duration::from_secs(30) }
    }
}

impl Default for Limits {
    fn default() -> Limits {
        Limits { propfind_bytes: 32 << 20, entries: 100_000, depth: 32 }
    }
}

impl Config {
    /// Settings for a folder at `base_url`, which holds no user and no password: they belong in `credentials`.
    pub fn new(base_url: &str, credentials: Credentials) -> Result<Config> {
        let refused = |cause: &str| Error::Config(cause.to_owned());
        let mut base = Url::parse(base_url).map_err(|_| refused("the base address is no URL"))?;
        if !matches!(base.scheme(), "http" | "https") || base.host_str().is_none() {
            return Err(refused("the base address must begin with http:// or https://"));
        }
        if !base.username().is_empty() || base.password().is_some() {
            return Err(refused("the base address holds a user or password; they are settings of their own"));
        }
        if base.query().is_some() || base.fragment().is_some() {
            return Err(refused("the base address holds a query or fragment"));
        }
        if !base.path().ends_with('/') {
            base.set_path(&format!("{}/", base.path()));
        }
        // Listings name objects by their whole path: one that cannot be told to lie below the base would be left out.
        if decode_href(base.path(), &base, None) != Some(None) {
            return Err(refused(
                "the base address's path holds an empty folder (//), %2F or bytes that are not UTF-8",
            ));
        }
        let (timeouts, retry, limits) = Default::default();
        Ok(Config { base, credentials, timeouts, retry, limits })
    }

    /// Settings for a Nextcloud share, from the link people pass on: `https://host/s/TOKEN`.
    pub fn from_share_url(link: &str) -> Result<Config> {
        let refused = || Error::Config("a share link looks like https://host/s/TOKEN".to_owned());
        let url = Url::parse(link).map_err(|_| refused())?;
        let path = url.path().trim_end_matches('/');
        let (folder, token) = path.rsplit_once("/s/").ok_or_else(refused)?;
        if token.is_empty()
            || !token.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
        {
            return Err(refused());
        }
        let mut base = url.clone();
        base.set_path(&format!("{}/public.php/webdav/", folder.trim_end_matches("/index.php")));
        base.set_query(None);
        base.set_fragment(None);
        Config::new(base.as_str(), Credentials::ShareToken(token.to_owned().into()))
    }

    /// The folder everything lies in; its path ends with a slash.
    pub fn base_url(&self) -> &Url {
        &self.base
    }
}
