//! Numbers of rows, one type for each table, so that none is taken for another.

use serde::{Deserialize, Serialize};
use std::fmt;

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(
            Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, sqlx::Type, utoipa::ToSchema,
        )]
        #[serde(transparent)]
        #[sqlx(transparent)]
        pub struct $name(pub i64);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    )*};
}

ids! {
    /// A user.
    UserId;
    /// A signed-in browser.
    SessionId;
    /// An upload session.
    UploadId;
    /// A raw frame.
    RawId;
    /// A stacking job.
    JobId;
    /// A finished stack.
    StackId;
    /// A worker's token.
    WorkerId;
    /// A delete that waits in the outbox.
    OutboxId;
}
