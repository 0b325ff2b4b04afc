//! What every table needs: the clock, the schema's version, the outbox's first row.

use super::{Db, Row, SqlStore, reader};
use crate::objects::Role;
use crate::store::{Error, Micros, Result};
use sqlx::migrate::Migrator;
use sqlx::{Connection, Decode, QueryBuilder, Row as _, Type, query, query_scalar};
use std::collections::BTreeSet;

/// A connection of this database.
pub(super) type Conn = <Db as sqlx::Database>::Connection;

/// The database's clock.
pub(super) async fn now(connection: &mut Conn) -> Result<Micros> {
    Ok(Micros(query_scalar::<Db, i64>(clock!()).fetch_one(connection).await?))
}

/// A column of a row.
pub(super) fn get<'r, T: Decode<'r, Db> + Type<Db>>(row: &'r Row, column: &str) -> Result<T> {
    Ok(row.try_get(column)?)
}

/// A row whose text names something that this program does not know.
pub(super) fn corrupt(what: &'static str, id: i64, why: impl Into<String>) -> Error {
    Error::Corrupt { what, id, why: why.into() }
}

/// The first `most` characters: columns have a width, and what fills them comes from others.
pub(super) fn cut(text: &str, most: usize) -> String {
    text.chars().take(most).collect()
}

/// Puts an object on the list of those to be deleted.
pub(super) async fn doom(
    tx: &mut Conn,
    now: Micros,
    due: Micros,
    role: Role,
    key: &str,
    reason: &str,
) -> Result<()> {
    query::<Db>(
        "INSERT INTO outbox (role, storage_key, reason, due_at, tries, created_at) VALUES (?, ?, ?, ?, 0, ?)",
    )
    .bind(role.as_str())
    .bind(key)
    .bind(reason)
    .bind(due)
    .bind(now)
    .execute(tx)
    .await?;
    Ok(())
}

/// Rows that one statement deletes: each has a placeholder (U-34).
const DELETED_AT_ONCE: usize = 1000;

/// Deletes the rows of these numbers; `start` is the statement up to the list. Says how many there were.
pub(super) async fn delete_by_id(tx: &mut Conn, start: &'static str, ids: &[i64]) -> Result<u64> {
    let mut gone = 0;
    for some in ids.chunks(DELETED_AT_ONCE) {
        let mut sql = QueryBuilder::<Db>::new(start);
        let mut list = sql.separated(", ");
        for id in some {
            list.push_bind(*id);
        }
        list.push_unseparated(")");
        gone += sql.build().execute(&mut *tx).await?.rows_affected();
    }
    Ok(gone)
}

/// Adds to what a user's objects sum up to; negative to take away.
pub(super) async fn add_usage(tx: &mut Conn, user: crate::store::UserId, bytes: i64) -> Result<()> {
    query::<Db>("UPDATE users SET storage_used = storage_used + ? WHERE id = ?")
        .bind(bytes)
        .bind(user)
        .execute(tx)
        .await?;
    Ok(())
}

/// Compares the migrations the database has had with those this program has.
pub(super) async fn check_schema(store: &SqlStore, migrations: &Migrator) -> Result<()> {
    let mut connection = reader(store).await?;
    connection.ping().await?;
    let needed = migrations.iter().map(|migration| migration.version).max().unwrap_or(0);
    let had = query_scalar::<Db, i64>("SELECT version FROM _sqlx_migrations WHERE success")
        .fetch_all(&mut *connection)
        .await;
    // A database without the table is an empty one; whatever else fails will fail again where it is told better.
    let had: BTreeSet<i64> = match had {
        Ok(versions) => versions.into_iter().collect(),
        Err(sqlx::Error::Database(_)) => BTreeSet::new(),
        Err(cause) => return Err(cause.into()),
    };
    let found = had.last().copied().unwrap_or(0);
    let todo = if found > needed {
        "use the newer program the database was migrated by"
    } else if migrations.iter().any(|migration| !had.contains(&migration.version)) {
        "run crowdsky migrate"
    } else {
        return Ok(());
    };
    Err(Error::Schema { found, needed, todo })
}
