-- SHA-256 of the tokens of workers. active_name is null once revoked, so that a name can be used again.
CREATE TABLE IF NOT EXISTS worker_tokens (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL,
    active_name TEXT,
    token_hash TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    last_seen_at INTEGER,
    revoked_at INTEGER,
    UNIQUE (active_name),
    UNIQUE (token_hash)
);
