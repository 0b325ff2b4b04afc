//! Spans of time in the configuration.

use serde::{Deserialize, Deserializer, Serialize, de::Error as _};
use std::time::Duration;

/// A span of time, in the configuration a number of seconds: `30`, `0.5`.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Serialize)]
#[serde(transparent)]
pub struct Seconds(f64);

impl Seconds {
    /// A span of so many whole seconds.
    pub const fn new(seconds: u32) -> Seconds {
        Seconds(seconds as f64)
    }

    /// As the standard library has it.
    pub fn duration(self) -> Duration {
        Duration::from_secs_f64(self.0)
    }
}

impl From<Duration> for Seconds {
    fn from(span: Duration) -> Seconds {
        Seconds(span.as_secs_f64())
    }
}

impl<'de> Deserialize<'de> for Seconds {
    fn deserialize<D: Deserializer<'de>>(source: D) -> Result<Seconds, D::Error> {
        let seconds = f64::deserialize(source)?;
        // Ten years: beyond it sums of instants would need care, and nobody means it.
        if (0.0..=315_360_000.0).contains(&seconds) {
            Ok(Seconds(seconds))
        } else {
            Err(D::Error::custom(format!("{seconds} is no span of time: give seconds from 0 to 315360000")))
        }
    }
}
