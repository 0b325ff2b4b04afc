//! Which objects there are: what the storage keeps and the database points at.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// The two storages. Raws are many and short-lived, stacks few and kept; each may live elsewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Frames as they were uploaded.
    Raws,
    /// Finished stacks, their thumbnails and star tables, and what is staged to become one.
    Stacks,
}

impl Role {
    /// Its name in the database and in the configuration.
    pub fn as_str(self) -> &'static str {
        match self {
            Role::Raws => "raws",
            Role::Stacks => "stacks",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Role {
    type Err = String;

    fn from_str(text: &str) -> Result<Role, String> {
        match text {
            "raws" => Ok(Role::Raws),
            "stacks" => Ok(Role::Stacks),
            _ => Err(format!("no storage role is called {text:?}; there are raws and stacks")),
        }
    }
}

/// An object that is stored: where, how long, and the SHA-256 of its bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredObject {
    /// Its key in the storage of its role.
    pub key: String,
    /// Bytes.
    pub size: i64,
    /// 64 lower-case hexadecimal digits.
    pub sha256: String,
}
