//! Keys of objects: made here, from numbers, never taken from the wire.

use crate::objects::Role;
use crate::store::{JobId, UploadId, UserId};
use std::fmt;

/// Longest key, bytes. File systems take 255 for each part; databases index 512.
pub const MAX_KEY: usize = 400;

/// The place of an object in its storage: relative, `/` between parts, of `[A-Za-z0-9._+-]` only, no part `.` or `..`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BlobKey(String);

/// What a job delivers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Artefact {
    /// The FITS file.
    Stack,
    /// The PNG.
    Thumbnail,
    /// The star table.
    Stars,
}

impl Artefact {
    /// All of them.
    pub const ALL: [Artefact; 3] = [Artefact::Stack, Artefact::Thumbnail, Artefact::Stars];

    /// Its name on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Artefact::Stack => "stack",
            Artefact::Thumbnail => "thumbnail",
            Artefact::Stars => "stars",
        }
    }

    /// The artefact of that name.
    pub fn parse(text: &str) -> Option<Artefact> {
        Artefact::ALL.into_iter().find(|artefact| artefact.as_str() == text)
    }

    /// Ending of its file, after the stem.
    fn ending(self) -> &'static str {
        match self {
            Artefact::Stack => ".fits",
            Artefact::Thumbnail => "_thumb.png",
            Artefact::Stars => "_stars.json",
        }
    }
}

/// A text that is no key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no key of an object")]
pub struct BadKey(pub String);

impl BlobKey {
    /// Checks a key that comes from a row, a listing or a worker's word.
    pub fn parse(text: &str) -> Result<BlobKey, BadKey> {
        let part_is_good = |part: &str| {
            !part.is_empty()
                && part.len() <= 255
                && part != "."
                && part != ".."
                && part.bytes().all(|b| b.is_ascii_alphanumeric() || b"._+-".contains(&b))
        };
        if text.len() <= MAX_KEY && text.split('/').all(part_is_good) {
            Ok(BlobKey(text.to_owned()))
        } else {
            Err(BadKey(text.chars().take(80).collect()))
        }
    }

    /// A raw frame. `nonce` is 32 random hexadecimal digits: no key is ever used twice, so no late delete can hit a new
    /// object, and two uploads of the same bytes never write one file.
    pub fn raw(user: UserId, upload: UploadId, nonce: &str) -> BlobKey {
        BlobKey(format!("raws/u{user}/s{upload}/{}.fit", slug(nonce)))
    }

    /// What an attempt has delivered and nobody has verified.
    pub fn staged(job: JobId, epoch: i64, artefact: Artefact) -> BlobKey {
        BlobKey(format!("staging/j{job}/e{epoch}/{}{}", artefact.as_str(), artefact.ending()))
    }

    /// What has been verified. The first claim of a job keeps the original's name; a later one has its epoch in it, so that no
    /// two attempts write the same object.
    pub fn finished(
        user: UserId,
        object: Option<&str>,
        chunk_key: &str,
        job: JobId,
        epoch: i64,
        artefact: Artefact,
    ) -> BlobKey {
        let again = if epoch > 1 { format!("-{epoch}") } else { String::new() };
        let (object, chunk_key) = (slug(object.unwrap_or("unknown")), slug(chunk_key));
        BlobKey(format!("stacks/u{user}/{object}/stack_{chunk_key}_{job}{again}{}", artefact.ending()))
    }

    /// Where a worker that stores its stack itself, as the original's did, puts it: relative to the storage's root.
    pub fn legacy(
        user: UserId,
        object: Option<&str>,
        chunk_key: &str,
        job: JobId,
        artefact: Artefact,
    ) -> BlobKey {
        let (object, chunk_key) = (slug(object.unwrap_or("unknown")), slug(chunk_key));
        BlobKey(format!("stacks/user_{user}/{object}/stack_{chunk_key}_{job}{}", artefact.ending()))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for BlobKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Whose object a listed key is, by how it begins: both roles may live in one place. `None` for what is not ours.
pub fn role_of(key: &str) -> Option<Role> {
    match key.split('/').next() {
        Some("raws") => Some(Role::Raws),
        Some("stacks" | "staging") => Some(Role::Stacks),
        _ => None,
    }
}

/// Whether nobody will ever read an object of this key again once it is old: staged and never verified, or the part of one
/// whose writing broke off.
pub fn is_leftover(key: &str) -> bool {
    key.starts_with("staging/") || key.ends_with(".part")
}

/// A name as part of a path: what is not in `[A-Za-z0-9._+-]` becomes `_`, at most 80 characters, and never `.` or `..`
/// or empty (U-18).
pub fn slug(name: &str) -> String {
    let safe = |c: char| if c.is_ascii_alphanumeric() || "._+-".contains(c) { c } else { '_' };
    let slug: String = name.trim().chars().map(safe).take(80).collect();
    if slug.chars().all(|c| c == '.') { format!("_{slug}") } else { slug }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn u18_no_name_climbs() {
        for name in ["..", ".", "", " ", "../../etc/passwd", "a/b", "a#b?c%2e", "M 31\0"] {
            let key = BlobKey::finished(
                UserId(1),
                Some(name),
                "20250115.78_83.6_+22.0",
                JobId(3),
                1,
                Artefact::Stack,
            );
            assert_eq!(BlobKey::parse(key.as_str()).unwrap(), key, "{name:?}");
            assert_eq!(key.as_str().split('/').count(), 4);
        }
    }

    #[test]
    fn keys_are_those_of_the_original_but_for_the_user() {
        let key = BlobKey::finished(
            UserId(1),
            Some("M 42"),
            "20250115.78_83.6_+22.0",
            JobId(42),
            1,
            Artefact::Thumbnail,
        );
        assert_eq!(key.as_str(), "stacks/u1/M_42/stack_20250115.78_83.6_+22.0_42_thumb.png");
        let again = BlobKey::finished(
            UserId(1),
            Some("M 42"),
            "20250115.78_83.6_+22.0",
            JobId(42),
            3,
            Artefact::Stack,
        );
        assert_eq!(again.as_str(), "stacks/u1/M_42/stack_20250115.78_83.6_+22.0_42-3.fits");
    }

    #[test]
    fn keys_tell_whose_they_are() {
        let raw = BlobKey::raw(UserId(1), UploadId(2), "00ff");
        let staged = BlobKey::staged(JobId(3), 1, Artefact::Stack);
        let finished = BlobKey::finished(UserId(1), None, "x", JobId(3), 1, Artefact::Stars);
        let known = [raw, staged, finished].map(|key| (role_of(key.as_str()), is_leftover(key.as_str())));
        assert_eq!(
            known,
            [(Some(Role::Raws), false), (Some(Role::Stacks), true), (Some(Role::Stacks), false)]
        );
        assert_eq!(role_of("rawsmith/a.fit"), None);
        assert!(is_leftover("raws/u1/s2/00ff.fit.0123.part"));
    }

    proptest! {
        #[test]
        fn every_object_name_gives_a_good_key(name in ".*", chunk in ".*") {
            let key = BlobKey::legacy(UserId(1), Some(&name), &chunk, JobId(3), Artefact::Stars);
            prop_assert_eq!(BlobKey::parse(key.as_str()).unwrap(), key);
        }
    }
}
