//! Paths, hrefs and secrets.

use crowdsky_webdav::multistatus::{decode_href, parse};
use crowdsky_webdav::{Client, Config, Credentials, Limits, RemotePath};
use proptest::prelude::*;
use url::Url;

#[test]
fn u18_paths_that_climb_are_refused() {
    for text in ["", "/a", "a//b", "a/", ".", "..", "a/../b", "a/./b", "a\0", "a\nb", "a\\b"] {
        assert!(RemotePath::parse(text).is_err(), "{text:?}");
    }
    let path = RemotePath::parse("a/M 31 +1.0%#?.fit").unwrap();
    assert_eq!(path.encoded(), "a/M%2031%20%2B1.0%25%23%3F.fit");
}

#[test]
fn share_links_become_settings_and_no_secret_is_printed() {
    for link in ["https://cloud.example/s/SeCrEt123", "https://cloud.example/index.php/s/SeCrEt123"] {
        let config = Config::from_share_url(link).unwrap();
        assert_eq!(config.base_url().as_str(), "https://cloud.example/public.php/webdav/");
        assert!(!format!("{config:?} {:?}", Client::new(config.clone()).unwrap()).contains("SeCrEt123"));
    }
    let error = Config::new("https://me:SeCrEt123@cloud.example/", Credentials::None).unwrap_err();
    assert!(!format!("{error} {error:?}").contains("SeCrEt123"));
}

#[test]
fn hrefs_that_leave_the_base_are_left_out() {
    let base = Url::parse("http://host/dav/").unwrap();
    for href in [
        "/other/a",
        "/dav/../a",
        "/dav/%2e%2e/a",
        "/dav/a%2F..%2Fb",
        "http://evil/dav/a",
        "//evil/dav/a",
        "/dav/a%00",
    ] {
        assert_eq!(decode_href(href, &base, None), None, "{href}");
    }
    let path = RemotePath::parse("a/M 31+.fit").unwrap();
    for href in ["/dav/a/M%2031+.fit", "/dav/a/M%2031%2B.fit", "https://host/dav/a/M%2031%2b.fit"] {
        assert_eq!(decode_href(href, &base, None), Some(Some(path.clone())), "{href}");
    }
}

#[test]
fn bases_whose_listings_could_not_be_read_are_refused() {
    for base in ["http://host//dav/", "http://host/a://b/", "http://host/a%2Fb/", "http://host/%ff/"] {
        let error = Config::new(base, Credentials::None).unwrap_err();
        assert!(error.to_string().contains("base address's path"), "{base}: {error}");
    }
    for base in ["http://host", "http://host/a%20b%2520/", "http://[::1]:8080/a&b", "http://host/%C3%A9/a//b"]
    {
        let config = Config::new(base, Credentials::None).unwrap();
        let path = RemotePath::parse("c").unwrap();
        let href = format!("{}c", config.base_url().path());
        assert_eq!(decode_href(&href, config.base_url(), None), Some(Some(path)), "{base}");
    }
}

#[test]
fn what_is_told_of_a_bad_answer_is_short_and_plain() {
    let base = Url::parse("http://host/").unwrap();
    let long = format!("<multistatus xmlns='DAV:'></{}\u{1b}[2J>", "a".repeat(10_000));
    let escape = "<multistatus xmlns='DAV:'></a\u{1b}[2J>";
    for answer in [&long, escape] {
        let told = parse(answer.as_bytes(), &base, None, &Limits::default()).unwrap_err();
        assert!(told.starts_with("XML: ") && told.len() < 1000 && !told.contains('\u{1b}'), "{told:?}");
    }
}

#[test]
fn entities_and_deep_trees_are_refused() {
    let base = Url::parse("http://host/").unwrap();
    let bomb = r#"<!DOCTYPE a [<!ENTITY b "c">]><multistatus xmlns="DAV:">&b;</multistatus>"#;
    assert!(parse(bomb.as_bytes(), &base, None, &Limits::default()).is_err());
    let deep = format!("<multistatus xmlns='DAV:'>{}", "<a>".repeat(100));
    assert!(parse(deep.as_bytes(), &base, None, &Limits::default()).unwrap_err().contains("deeper"));
}

proptest! {
    #[test]
    fn a_path_survives_its_escape(text in "[^/\\\\\\p{Cc}]{1,20}(/[^/\\\\\\p{Cc}]{1,20}){0,3}") {
        let Ok(path) = RemotePath::parse(&text) else { return Ok(()) };
        let base = Url::parse("http://host/dav/").unwrap();
        prop_assert_eq!(decode_href(&format!("/dav/{}", path.encoded()), &base, None), Some(Some(path)));
    }

    #[test]
    fn no_answer_makes_the_parser_panic(text in "(<(/?(multistatus|response|href|propstat|prop|x:y)( xmlns='DAV:')?/?)>|[a-z&;%/.]{0,5}){0,30}") {
        let base = Url::parse("http://host/dav/").unwrap();
        for entry in parse(text.as_bytes(), &base, None, &Limits::default()).unwrap_or_default() {
            prop_assert!(entry.path.is_none_or(|path| !path.as_str().split('/').any(|segment| segment == "..")));
        }
    }
}
