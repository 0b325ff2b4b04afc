//! Settings as they may be shown: the fields of secrets are never written, and addresses lose theirs here.

use super::{Database, Settings, StoragePlace, Worker};
use std::fmt;
use url::Url;

/// What stands where a secret was.
const HIDDEN: &str = "***";

impl Settings {
    /// The same settings, with the secrets in addresses replaced.
    pub fn redacted(&self) -> Settings {
        let mut shown = self.clone();
        let storages =
            [&mut shown.storage.raws, &mut shown.storage.stacks, &mut shown.worker.artifacts.storage];
        let places = storages.into_iter().map(|place| &mut place.url);
        for url in
            places.chain([&mut shown.database.url, &mut shown.worker.server, &mut shown.http.public_url])
        {
            *url = url.as_deref().map(redacted);
        }
        shown
    }
}

// Settings are in everything that is printed for debugging; what is never written is not printed either (U-35).
macro_rules! debug_without_secrets {
    ($($settings:ident: $($($field:ident).+),+;)+) => {$(
        impl fmt::Debug for $settings {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let mut shown = self.clone();
                $(shown.$($field).+ = shown.$($field).+.as_deref().map(redacted);)+
                let fields = serde_json::to_string(&shown).map_err(|_| fmt::Error)?;
                write!(f, "{} {fields}", stringify!($settings))
            }
        }
    )+};
}

debug_without_secrets! {
    Database: url;
    StoragePlace: url;
    Worker: server, artifacts.storage.url;
}

/// An address without its password and without the token of a Nextcloud share (`https://HOST/s/TOKEN`).
fn redacted(url: &str) -> String {
    // The path of a SQLite file is no secret, and no address.
    if url.starts_with("sqlite:") {
        return url.to_owned();
    }
    // What cannot be read may hold anything.
    let Ok(mut parsed) = Url::parse(url) else { return HIDDEN.to_owned() };
    if parsed.password().is_some() && parsed.set_password(Some(HIDDEN)).is_err() {
        return HIDDEN.to_owned();
    }
    let path = parsed.path().to_owned();
    if let Some((folder, _)) = path.split_once("/s/") {
        parsed.set_path(&format!("{folder}/s/{HIDDEN}"));
    }
    if parsed.query().is_some() {
        parsed.set_query(Some(HIDDEN));
    }
    parsed.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn u35_addresses_lose_their_secrets_and_nothing_else() {
        let cases = [
            ("mysql://crowdsky:hush@db.example.org:3306/sky", "mysql://crowdsky:***@db.example.org:3306/sky"),
            ("mysql://crowdsky@db.example.org/sky?ssl-mode=hush", "mysql://crowdsky@db.example.org/sky?***"),
            ("https://cloud.example.org/s/hushHUSH", "https://cloud.example.org/s/***"),
            ("https://cloud.example.org/index.php/s/hush/", "https://cloud.example.org/index.php/s/***"),
            ("https://dav.example.org/stacks/", "https://dav.example.org/stacks/"),
            ("sqlite:/var/lib/crowdsky/crowdsky.sqlite", "sqlite:/var/lib/crowdsky/crowdsky.sqlite"),
            ("hush", "***"),
        ];
        for (given, shown) in cases {
            assert_eq!(redacted(given), shown);
        }
    }
}
