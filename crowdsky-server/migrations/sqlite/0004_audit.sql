-- Who did what; never a secret.
CREATE TABLE IF NOT EXISTS audit (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    logged_at INTEGER NOT NULL,
    user_id INTEGER,
    event TEXT NOT NULL,
    detail TEXT NOT NULL,
    request_id TEXT
);
CREATE INDEX IF NOT EXISTS audit_by_logged_at ON audit (logged_at);
