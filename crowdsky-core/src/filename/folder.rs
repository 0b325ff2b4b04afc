//! The folders a Seestar keeps under `MyWorks/`.

use core::fmt;
use core::str::FromStr;

use super::Target;
use crate::{Error, Result};

/// The name of a target's folder.
///
/// ```
/// use crowdsky_core::FolderName;
///
/// let folder: FolderName = "NGC 7023_sub".parse()?;
/// assert!(matches!(&folder, FolderName::Subs { target, .. } if target.as_str() == "NGC 7023"));
/// assert_eq!(folder.to_string(), "NGC 7023_sub");
/// # Ok::<(), crowdsky_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum FolderName {
    /// `<target>`: stacks.
    Stacks(Target),
    /// `<target>_sub` or `<target>-sub`: raw frames.
    Subs {
        /// What was pointed at.
        target: Target,
        /// Whether `sub` follows a hyphen.
        hyphen: bool,
    },
}

impl fmt::Display for FolderName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            FolderName::Stacks(target) => target.fmt(f),
            FolderName::Subs { target, hyphen } => {
                write!(f, "{target}{}sub", if *hyphen { '-' } else { '_' })
            }
        }
    }
}

impl FromStr for FolderName {
    type Err = Error;

    fn from_str(text: &str) -> Result<FolderName> {
        let bad = |why| Error::parse("folder name", text, why);
        let target = |name| Target::parse(name).map_err(bad);
        match (text.strip_suffix("_sub"), text.strip_suffix("-sub")) {
            (Some(name), _) if !name.is_empty() => {
                Ok(FolderName::Subs { target: target(name)?, hyphen: false })
            }
            (_, Some(name)) if !name.is_empty() => {
                Ok(FolderName::Subs { target: target(name)?, hyphen: true })
            }
            _ => Ok(FolderName::Stacks(target(text)?)),
        }
    }
}
