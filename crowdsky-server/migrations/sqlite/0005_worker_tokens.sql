-- Tokens of workers. active_name is the name until it is revoked, so that a name can be given again.
CREATE TABLE worker_tokens (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL,
    active_name TEXT,
    token_hash BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    last_seen_at INTEGER,
    revoked_at INTEGER,
    CONSTRAINT worker_tokens_name UNIQUE (active_name),
    CONSTRAINT worker_tokens_token UNIQUE (token_hash)
) STRICT;
