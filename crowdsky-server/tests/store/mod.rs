//! One suite for both databases: each story is told to SQLite and to MariaDB.

mod sqlite;
mod world;
