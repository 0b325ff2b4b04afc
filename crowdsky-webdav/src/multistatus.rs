//! The answer to PROPFIND. It comes from outside: limits on everything, no entities but XML's own, no path that leaves the base.

use crate::config::Limits;
use crate::path::RemotePath;
use percent_encoding::percent_decode_str;
use quick_xml::events::Event;
use quick_xml::name::{Namespace, ResolveResult};
use quick_xml::reader::NsReader;
use std::time::SystemTime;
use url::Url;

/// One object or folder of a listing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Where; none is the base itself.
    pub path: Option<RemotePath>,
    /// Whether it is a folder.
    pub collection: bool,
    /// Its bytes, if the server says.
    pub size: Option<u64>,
    /// Its version, opaque.
    pub etag: Option<String>,
    /// When it changed.
    pub modified: Option<SystemTime>,
}

#[derive(Default)]
struct Response {
    href: String,
    found: Props,
    refused: bool,
}

#[derive(Default, Clone)]
struct Props {
    collection: bool,
    size: Option<u64>,
    etag: Option<String>,
    modified: Option<SystemTime>,
}

/// Reads an answer about `asked` (none is the base). Entries whose href is not below the base are left out.
///
/// # Errors
/// Why it is none, in a few words without control characters.
pub fn parse(
    xml: &[u8],
    base: &Url,
    asked: Option<&RemotePath>,
    limits: &Limits,
) -> Result<Vec<Entry>, String> {
    if xml.len() as u64 > limits.propfind_bytes {
        return Err(format!("more than {} bytes", limits.propfind_bytes));
    }
    let text = std::str::from_utf8(xml).map_err(|_| "not UTF-8")?;
    let mut reader = NsReader::from_str(text.trim_start_matches('\u{feff}'));
    reader.config_mut().expand_empty_elements = true;
    let (mut entries, mut open, mut words) = (Vec::new(), Vec::<String>::new(), String::new());
    let (mut response, mut props, mut status) = (Response::default(), Props::default(), String::new());
    let mut seen = false;
    loop {
        let (space, event) = reader.read_resolved_event().map_err(said)?;
        match event {
            Event::Start(start) => {
                let dav = matches!(space, ResolveResult::Bound(Namespace(b"DAV:")));
                // Names of other namespaces keep their place in the tree and match nothing.
                let name = if dav {
                    String::from_utf8_lossy(start.local_name().as_ref()).into_owned()
                } else {
                    String::new()
                };
                open.push(name);
                if open.len() > limits.depth {
                    return Err(format!("elements nested deeper than {}", limits.depth));
                }
                words.clear();
                match open.last().map(String::as_str) {
                    Some("multistatus") if open.len() == 1 => seen = true,
                    Some("response") if open.len() == 2 => response = Response::default(),
                    Some("propstat") => (props, status) = Default::default(),
                    Some("collection")
                        if open.ends_with(&["resourcetype".to_owned(), "collection".to_owned()]) =>
                    {
                        props.collection = true;
                    }
                    _ => {}
                }
            }
            Event::End(_) => {
                let name = open.pop().unwrap_or_default();
                let parent = open.last().map_or("", String::as_str);
                let value = words.trim();
                match (parent, name.as_str()) {
                    ("response", "href") => response.href = value.to_owned(),
                    ("response", "status") => response.refused = !is_ok(value),
                    ("propstat", "status") => status = value.to_owned(),
                    ("prop", "getcontentlength") => props.size = value.parse().ok(),
                    ("prop", "getetag") if !value.is_empty() => props.etag = Some(value.to_owned()),
                    ("prop", "getlastmodified") => props.modified = httpdate::parse_http_date(value).ok(),
                    ("response", "propstat") if is_ok(&status) => merge(&mut response.found, &props),
                    ("multistatus", "response") => {
                        if entries.len() >= limits.entries {
                            return Err(format!("more than {} entries", limits.entries));
                        }
                        entries.extend(entry(&response, base, asked));
                    }
                    _ => {}
                }
                words.clear();
            }
            Event::Text(piece) => words.push_str(&piece.decode().map_err(said)?),
            Event::CData(piece) => words.push_str(&piece.decode().map_err(said)?),
            Event::GeneralRef(name) => {
                let char = match &*name {
                    b"amp" => '&',
                    b"lt" => '<',
                    b"gt" => '>',
                    b"quot" => '"',
                    b"apos" => '\'',
                    _ => name.resolve_char_ref().ok().flatten().ok_or("an entity of its own")?,
                };
                words.push(char);
            }
            Event::DocType(_) => return Err("a document type".to_owned()),
            Event::Eof if seen && open.is_empty() => return Ok(entries),
            Event::Eof => return Err("no complete multistatus".to_owned()),
            Event::Empty(_) | Event::Comment(_) | Event::Decl(_) | Event::PI(_) => {}
        }
    }
}

/// What the XML library says. It repeats names from the answer, which are as long as the server likes and may hold anything.
fn said(error: impl std::fmt::Display) -> String {
    let text = format!("XML: {error}");
    text.chars().take(200).map(|char| if char.is_control() { '?' } else { char }).collect()
}

fn is_ok(status: &str) -> bool {
    status.split_ascii_whitespace().nth(1) == Some("200")
}

fn merge(found: &mut Props, props: &Props) {
    found.collection |= props.collection;
    found.size = props.size.or(found.size);
    found.modified = props.modified.or(found.modified);
    if props.etag.is_some() {
        found.etag.clone_from(&props.etag);
    }
}

fn entry(response: &Response, base: &Url, asked: Option<&RemotePath>) -> Option<Entry> {
    let path = decode_href(&response.href, base, asked)?;
    let Props { collection, size, etag, modified } = response.found.clone();
    (!response.refused).then_some(Entry { path, collection, size, etag, modified })
}

/// The path an href names: `Some(None)` is the base itself, `None` a place that is not below it, or a hostile name. Dots are
/// never resolved: who writes them is refused.
pub fn decode_href(href: &str, base: &Url, asked: Option<&RemotePath>) -> Option<Option<RemotePath>> {
    let path = if let Some((scheme, rest)) = href.split_once("://") {
        // The scheme may differ behind a proxy; another host is another server.
        if !matches!(scheme.to_ascii_lowercase().as_str(), "http" | "https") {
            return None;
        }
        let (authority, path) = rest.split_at(rest.find('/')?);
        let host = Url::parse(&format!("http://{authority}/")).ok()?;
        if host.host_str() != base.host_str() {
            return None;
        }
        path
    } else {
        href
    };
    if path.is_empty() || path.starts_with("//") || path.contains(['?', '#']) {
        return None;
    }
    let decoded = |text: &str| -> Option<Vec<String>> {
        text.trim_matches('/').split('/').filter(|segment| !segment.is_empty()).map(segment).collect()
    };
    let segments = decoded(path)?;
    let below = if path.starts_with('/') {
        let root = decoded(base.path())?;
        segments.strip_prefix(root.as_slice())?.join("/")
    } else {
        let folder = asked.map(|asked| format!("{asked}/")).unwrap_or_default();
        format!("{folder}{}", segments.join("/"))
    };
    if below.is_empty() {
        return Some(None);
    }
    RemotePath::parse(&below).ok().map(Some)
}

/// One segment, unescaped; none when it would become two.
fn segment(text: &str) -> Option<String> {
    let text = percent_decode_str(text).decode_utf8().ok()?;
    (!text.contains('/')).then(|| text.into_owned())
}
