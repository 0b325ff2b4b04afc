//! Settings as they may be shown: the fields of secrets are never written, and addresses lose theirs here.

use super::Settings;
use serde::Serialize;
use std::fmt;
use url::Url;

/// What stands where a secret was.
const HIDDEN: &str = "***";

impl Settings {
    /// The same settings, with the secrets in addresses replaced.
    pub fn redacted(&self) -> Settings {
        let mut shown = self.clone();
        for place in [&mut shown.storage.raws, &mut shown.storage.stacks] {
            *place = place.redacted();
        }
        shown.worker = shown.worker.redacted();
        for url in [&mut shown.database.url, &mut shown.http.public_url] {
            *url = url.as_deref().map(redacted);
        }
        shown
    }
}

/// What comes before the token of a Nextcloud share in an address that is open to whoever knows it.
const BEFORE_TOKENS: [&str; 2] = ["/s/", "/public.php/dav/files/"];

/// An address without its password, without the token of a Nextcloud share (`https://HOST/s/TOKEN`), and, but for databases,
/// without a user: that may be the token, too.
pub(crate) fn redacted(url: &str) -> String {
    // The path of a SQLite file is no secret, and no address.
    if url.starts_with("sqlite:") {
        return url.to_owned();
    }
    // What cannot be read may hold anything.
    let Ok(mut parsed) = Url::parse(url) else { return HIDDEN.to_owned() };
    if parsed.password().is_some() && parsed.set_password(Some(HIDDEN)).is_err() {
        return HIDDEN.to_owned();
    }
    let for_the_web = matches!(parsed.scheme(), "http" | "https");
    if for_the_web && !parsed.username().is_empty() && parsed.set_username(HIDDEN).is_err() {
        return HIDDEN.to_owned();
    }
    let path = parsed.path().to_owned();
    for before in BEFORE_TOKENS {
        if let Some((folder, _)) = path.split_once(before) {
            parsed.set_path(&format!("{folder}{before}{HIDDEN}"));
            break;
        }
    }
    if parsed.query().is_some() {
        parsed.set_query(Some(HIDDEN));
    }
    parsed.to_string()
}

/// Settings for people who look for faults, as they would be written: secrets never are.
pub(super) fn as_written(f: &mut fmt::Formatter<'_>, name: &str, settings: &impl Serialize) -> fmt::Result {
    let written = serde_json::to_string(settings).map_err(|_| fmt::Error)?;
    write!(f, "{name} {written}")
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
            (
                "https://cloud.example.org/public.php/dav/files/hush/a",
                "https://cloud.example.org/public.php/dav/files/***",
            ),
            ("https://hush@cloud.example.org/dav/", "https://***@cloud.example.org/dav/"),
            ("https://hush:hush@cloud.example.org/dav/", "https://***:***@cloud.example.org/dav/"),
            (
                "https://cloud.example.org/remote.php/dav/files/ada/",
                "https://cloud.example.org/remote.php/dav/files/ada/",
            ),
            ("https://dav.example.org/stacks/", "https://dav.example.org/stacks/"),
            ("sqlite:/var/lib/crowdsky/crowdsky.sqlite", "sqlite:/var/lib/crowdsky/crowdsky.sqlite"),
            ("hush", "***"),
        ];
        for (given, shown) in cases {
            assert_eq!(redacted(given), shown);
        }
    }

    #[test]
    fn u35_nobody_prints_a_secret_by_chance() {
        let mut settings = Settings::default();
        settings.database.url = Some("mysql://crowdsky:hush@db.example.org/sky".to_owned());
        settings.database.password = Some("hush".to_owned().into());
        settings.worker.server = Some("https://hush@sky.example.org".to_owned());
        settings.worker.token = Some("hush".to_owned().into());
        for place in
            [&mut settings.storage.raws, &mut settings.storage.stacks, &mut settings.worker.artifacts.storage]
        {
            place.url = Some("https://cloud.example.org/s/hush".to_owned());
            place.share_token = Some("hush".to_owned().into());
            place.password = Some("hush".to_owned().into());
        }
        let printed = format!("{settings:?} {settings:#?}");
        assert!(!printed.contains("hush"), "{printed}");
        assert!(printed.contains("db.example.org") && printed.contains("cloud.example.org"), "{printed}");
    }
}
