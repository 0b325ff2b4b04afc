-- Signed-in browsers; the token itself is in the cookie only.
CREATE TABLE IF NOT EXISTS sessions (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    user_id INTEGER NOT NULL,
    token_hash TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    last_seen_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    user_agent TEXT NOT NULL,
    UNIQUE (token_hash)
);
CREATE INDEX IF NOT EXISTS sessions_by_user_id ON sessions (user_id);
CREATE INDEX IF NOT EXISTS sessions_by_expires_at ON sessions (expires_at);
