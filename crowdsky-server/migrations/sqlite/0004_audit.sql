-- Who did what. It outlives the user, without a name.
CREATE TABLE audit (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    logged_at INTEGER NOT NULL,
    user_id INTEGER,
    event TEXT NOT NULL,
    detail TEXT NOT NULL,
    request_id TEXT
) STRICT;
CREATE INDEX audit_user ON audit (user_id);
