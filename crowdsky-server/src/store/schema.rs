//! Whether the tables are those this program was built for.

use super::{Error, Result};
use sqlx::migrate::Migrator;

/// Asks for the number of the last migration that has run to its end.
pub(super) const VERSION: &str = "SELECT COALESCE(MAX(version), 0) FROM _sqlx_migrations WHERE success = 1";

fn needed(migrations: &Migrator) -> i64 {
    migrations.iter().map(|m| m.version).max().unwrap_or(0)
}

/// `Schema` if the database is newer: going back would lose what the newer program has written.
pub(super) fn not_newer(migrations: &Migrator, found: i64) -> Result<()> {
    let needed = needed(migrations);
    if found > needed {
        return Err(Error::Schema { found, needed, todo: "use the program of that version or a later one" });
    }
    Ok(())
}

/// `Schema` if the database is newer or older.
pub(super) fn matches(migrations: &Migrator, found: i64) -> Result<()> {
    not_newer(migrations, found)?;
    let needed = needed(migrations);
    if found < needed {
        return Err(Error::Schema { found, needed, todo: "run `crowdsky migrate`" });
    }
    Ok(())
}
