//! Settings that can be read and cannot work: said at the start, not by the first user who runs into it.

use super::{ConfigError, Settings, StorageKind, StoragePlace};
use url::Url;

impl Settings {
    /// Whether the values fit each other and the world. Nothing is asked of the database or a storage.
    ///
    /// # Errors
    /// [`ConfigError::Bad`], naming the key and what to write.
    pub fn check(&self) -> Result<(), ConfigError> {
        let bad = |told: &str| Err(ConfigError::Bad(told.to_owned()));
        let (accounts, jobs) = (&self.accounts, &self.jobs);
        if !(4..=31).contains(&accounts.bcrypt_cost) {
            return bad("accounts.bcrypt_cost: bcrypt takes 4 to 31; 12 is a good one");
        }
        let (lease, sign) = (jobs.lease_s.duration(), jobs.heartbeat_s.duration());
        if sign.is_zero() || sign * 2 > lease {
            return bad(
                "jobs.heartbeat_s: it is more than 0, and at most half of jobs.lease_s: one sign may be lost",
            );
        }
        if jobs.max_attempts < 1 || jobs.backoff_factor.is_nan() || jobs.backoff_factor < 1.0 {
            return bad("jobs.max_attempts and jobs.backoff_factor are 1 or more");
        }
        if let Some(url) = &self.http.public_url
            && !Url::parse(url).is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
        {
            return bad("http.public_url: it is an address such as https://sky.example.org");
        }
        if same_place(&self.storage.raws, &self.storage.stacks) {
            return bad("storage.raws and storage.stacks are one place; give each a folder of its own");
        }
        Ok(())
    }
}

/// Whether two storages would see each other's objects and take them for their own.
fn same_place(raws: &StoragePlace, stacks: &StoragePlace) -> bool {
    let folder = |place: &StoragePlace| place.url.as_deref().map(|url| url.trim_end_matches('/').to_owned());
    match (raws.kind, stacks.kind) {
        (StorageKind::Local, StorageKind::Local) => raws.path.is_some() && raws.path == stacks.path,
        (StorageKind::Webdav, StorageKind::Webdav) => {
            folder(raws) == folder(stacks)
                && raws.user == stacks.user
                && raws.share_token_file == stacks.share_token_file
                && raws.share_token.is_none()
                && stacks.share_token.is_none()
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn refused(toml: &str) -> String {
        toml::from_str::<Settings>(toml).unwrap().check().unwrap_err().to_string()
    }

    #[test]
    fn defaults_are_good_and_what_cannot_work_is_named() {
        Settings::default().check().unwrap();
        let cases = [
            ("[accounts]\nbcrypt_cost = 3", "bcrypt_cost"),
            ("[jobs]\nheartbeat_s = 0", "heartbeat_s"),
            ("[jobs]\nheartbeat_s = 61", "heartbeat_s"),
            ("[jobs]\nmax_attempts = 0", "max_attempts"),
            ("[http]\npublic_url = \"sky.example.org\"", "public_url"),
            ("[storage.raws]\npath = \"/a\"\n[storage.stacks]\npath = \"/a\"", "storage.raws"),
            (
                "[storage.raws]\nkind = \"webdav\"\nurl = \"http://h/a\"\n[storage.stacks]\nkind = \"webdav\"\nurl = \"http://h/a/\"",
                "storage.raws",
            ),
        ];
        for (toml, key) in cases {
            assert!(refused(toml).contains(key), "{toml}");
        }
    }
}
