//! Any bytes as the answer to PROPFIND: never more than the limits allow, and nothing that does not lie below the base.
#![no_main]

use crowdsky_fuzz::{check_below, dav_base, small_dav_limits};
use crowdsky_webdav::RemotePath;
use crowdsky_webdav::multistatus::parse;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let (base, limits) = (dav_base(), small_dav_limits());
    let folder = RemotePath::parse("stacks/M 31").expect("a path");
    // Relative hrefs lie in the folder that was asked about.
    for asked in [None, Some(&folder)] {
        match parse(data, base.base_url(), asked, &limits) {
            Ok(entries) => {
                assert!(data.len() as u64 <= limits.propfind_bytes);
                assert!(entries.len() <= limits.entries, "{} entries", entries.len());
                for path in entries.iter().filter_map(|entry| entry.path.as_ref()) {
                    check_below(&base, path);
                }
            }
            // It goes to logs and to people: the server's own words in it are few, and move no cursor.
            Err(why) => assert!(why.len() < 1000 && !why.contains(char::is_control), "{why:?}"),
        }
    }
});
