//! Three lines of text as a base address, a path and an href: what is written is read again, and nothing climbs out of the base.
#![no_main]

use crowdsky_fuzz::{check_below, dav_base};
use crowdsky_webdav::multistatus::{decode_href, parse};
use crowdsky_webdav::{Config, Credentials, Limits, RemotePath};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let mut lines = text.splitn(3, '\n');
    let mut line = || lines.next().unwrap_or_default();
    let (base, path, href) = (line(), line(), line());
    let config = Config::new(base, Credentials::None).unwrap_or_else(|_| dav_base());
    let asked = path.parse::<RemotePath>().ok();
    if let Some(path) = &asked {
        check_below(&config, path);
        check_spellings(&config, path);
        let again = path.parent().map_or_else(|| path.name().parse(), |parent| parent.join(path.name()));
        assert_eq!(again.as_ref(), Ok(path), "a path is its parent and its name");
    }
    if let Some(Some(found)) = decode_href(href, config.base_url(), asked.as_ref()) {
        check_below(&config, &found);
        check_spellings(&config, &found);
        if !href.starts_with('/') && !href.contains("://") {
            let folder = asked.as_ref().map(|asked| format!("{asked}/")).unwrap_or_default();
            assert!(found.as_str().starts_with(&folder), "{href:?} leads out of {folder:?}");
        }
    }
    if let (Some(folder), Ok(below)) = (&asked, href.parse::<RemotePath>()) {
        let joined = folder.join(below.as_str()).ok();
        assert_eq!(decode_href(&below.encoded(), config.base_url(), Some(folder)), joined.map(Some));
    }
});

/// Servers differ in how they write an href; all of these name the same object.
fn check_spellings(config: &Config, path: &RemotePath) {
    let base = config.base_url();
    let folder = base.path();
    let all_escaped: String = path.as_str().bytes().fold(String::new(), |text, byte| match byte {
        b'/' => text + "/",
        byte => text + &format!("%{byte:02x}"),
    });
    for href in [
        format!("{folder}{}", path.encoded()),
        format!("{folder}{}/", path.encoded()),
        format!("{folder}{all_escaped}"),
        format!("{base}{}", path.encoded()),
    ] {
        assert_eq!(decode_href(&href, base, None), Some(Some(path.clone())), "{href}");
        let response = format!("<response><href>{}</href></response>", href.replace('&', "&amp;"));
        let answer = format!("<multistatus xmlns='DAV:'>{response}</multistatus>");
        let entries = parse(answer.as_bytes(), base, None, &Limits::default()).expect("a good answer");
        let found: Vec<_> = entries.iter().map(|entry| entry.path.as_ref()).collect();
        assert_eq!(found, [Some(path)], "{answer}");
    }
}
