//! Whether rows and objects agree. Reports; deletes nothing but orphans, and those only when asked, through the outbox.

use super::super::Result;
use super::Upkeep;
use crate::objects::Role;
use crate::secret::hex;
use crate::storage::{self, BlobKey};
use crate::store::LiveObject;
use futures_util::StreamExt;
use serde::Serialize;
use sha2::{Digest, Sha256};

/// Rows read at once.
const PAGE: i64 = 500;
/// Objects looked at at once.
const AT_ONCE: usize = 8;

/// How thorough a check is.
#[derive(Debug, Clone, Copy, Default)]
pub struct Fsck {
    /// Mend what can be mended: quotas are counted anew, orphans go to the outbox.
    pub fix: bool,
    /// Compare sizes only; else every byte is read and hashed.
    pub quick: bool,
}

/// Something that is not as it should be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// `missing`, `wrong_size`, `wrong_hash`, `orphan`, or a rule, `I1` to `I8` and `U-32`.
    pub kind: String,
    /// Where, and what.
    pub detail: String,
    /// Whether it has been mended.
    pub fixed: bool,
}

/// What a check found.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Report {
    /// Live raw frames by their SHA-256, sorted: to be compared with what clients were told.
    pub raws: Vec<String>,
    /// Live objects of stacks: FITS, thumbnails, star tables.
    pub stack_objects: u64,
    /// Bytes of all live objects.
    pub bytes: i64,
    /// Objects on their way out.
    pub outbox: i64,
    /// What is wrong.
    pub problems: Vec<Problem>,
}

impl Report {
    /// Whether anything is wrong that has not been mended.
    pub fn is_clean(&self) -> bool {
        self.problems.iter().all(|problem| problem.fixed)
    }

    fn add(&mut self, kind: &str, detail: String, fixed: bool) {
        self.problems.push(Problem { kind: kind.to_owned(), detail, fixed });
    }
}

impl Upkeep {
    /// Compares rows and objects.
    pub async fn fsck(&self, how: Fsck) -> Result<Report> {
        let mut report = Report { outbox: self.store.outbox().await?.pending, ..Report::default() };
        for role in [Role::Raws, Role::Stacks] {
            self.check_rows(role, how, &mut report).await?;
            self.check_objects(role, how, &mut report).await?;
        }
        report.raws.sort();
        for broken in self.store.broken_rules().await? {
            let fixed = how.fix && broken.rule == "I7";
            report.add(broken.rule, broken.detail, fixed);
        }
        if how.fix {
            self.store.recount_storage().await?;
        }
        Ok(report)
    }

    /// Every live row's object is there, with its size and hash.
    async fn check_rows(&self, role: Role, how: Fsck, report: &mut Report) -> Result<()> {
        let mut after = String::new();
        loop {
            let page = self.store.live_objects(role, &after, PAGE).await?;
            let Some(last) = page.last() else { return Ok(()) };
            after.clone_from(&last.object.key);
            for live in &page {
                report.bytes += live.object.size;
                match role {
                    Role::Raws => report.raws.push(live.object.sha256.clone()),
                    Role::Stacks => report.stack_objects += 1,
                }
            }
            let checks = page.into_iter().map(|live| self.check(role, how, live));
            let found: Vec<Result<Option<Problem>>> =
                futures_util::stream::iter(checks).buffered(AT_ONCE).collect().await;
            for found in found {
                report.problems.extend(found?);
            }
        }
    }

    async fn check(&self, role: Role, how: Fsck, live: LiveObject) -> Result<Option<Problem>> {
        let problem = |kind: &str, detail: String| Problem { kind: kind.to_owned(), detail, fixed: false };
        let key = BlobKey::parse(&live.object.key).map_err(storage::Error::from)?;
        let what = format!("{} at {role}/{key}", live.owner);
        let expected = u64::try_from(live.object.size).unwrap_or(0);
        let blob = match self.blobs.of(role).get(&key, None).await {
            Err(storage::Error::NotFound { .. }) => return Ok(Some(problem("missing", what))),
            other => other?,
        };
        if blob.size != expected {
            return Ok(Some(problem(
                "wrong_size",
                format!("{what}: {} bytes, {expected} recorded", blob.size),
            )));
        }
        if how.quick {
            return Ok(None);
        }
        let (mut hash, mut bytes) = (Sha256::new(), blob.stream);
        while let Some(piece) = bytes.next().await {
            match piece {
                Ok(piece) => hash.update(&piece),
                Err(error) => {
                    return Ok(Some(problem("wrong_hash", format!("{what}: cannot be read: {error}"))));
                }
            }
        }
        let found = hex(&hash.finalize());
        Ok((found != live.object.sha256)
            .then(|| problem("wrong_hash", format!("{what}: {found}, {} recorded", live.object.sha256))))
    }

    /// Every object is known to a row, or waits in the outbox, or is too young to tell.
    async fn check_objects(&self, role: Role, how: Fsck, report: &mut Report) -> Result<()> {
        let mut orphans = std::pin::pin!(self.orphans(role).await?);
        while let Some(orphan) = orphans.next().await {
            let orphan = orphan?;
            let mend = how.fix && BlobKey::parse(&orphan.key).is_ok();
            if mend {
                // After the grace time, so that whoever finds that the wrong database was restored can still turn back.
                let grace = self.settings.upkeep.grace_s.duration();
                self.store.doom(role, &orphan.key, "orphan", grace).await?;
            }
            let detail = format!("{role}/{}: {} bytes that no row knows", orphan.key, orphan.size);
            report.add("orphan", detail, mend);
        }
        Ok(())
    }
}
