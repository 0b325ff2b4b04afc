//! Instants as the database holds them.

use crowdsky_core::UtcTime;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Microseconds since 1970-01-01 UTC. Made by the database's clock alone: servers' clocks may differ.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    sqlx::Type,
    utoipa::ToSchema,
)]
#[serde(transparent)]
#[sqlx(transparent)]
pub struct Micros(pub i64);

impl Micros {
    /// This instant and `span` more.
    pub fn plus(self, span: Duration) -> Micros {
        Micros(self.0.saturating_add(i64::try_from(span.as_micros()).unwrap_or(i64::MAX)))
    }

    /// This instant less `span`.
    pub fn minus(self, span: Duration) -> Micros {
        Micros(self.0.saturating_sub(i64::try_from(span.as_micros()).unwrap_or(i64::MAX)))
    }

    /// How long after `earlier` this is; zero if it is before.
    pub fn since(self, earlier: Micros) -> Duration {
        Duration::from_micros(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }

    /// `YYYY-MM-DD HH:MM:SS`, UTC: how the `.php` interface prints instants.
    pub fn to_datetime(self) -> String {
        let mut text = self.to_iso();
        text.truncate(19);
        text.replacen('T', " ", 1)
    }

    /// `YYYY-MM-DDTHH:MM:SS.ffffff`, UTC.
    pub fn to_iso(self) -> String {
        UtcTime::from_micros(self.0).map(UtcTime::to_iso_micros).unwrap_or_default()
    }
}

impl From<UtcTime> for Micros {
    fn from(time: UtcTime) -> Micros {
        Micros(time.micros())
    }
}
