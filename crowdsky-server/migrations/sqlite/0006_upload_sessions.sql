-- Sets of raw frames that are sent together.
CREATE TABLE upload_sessions (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    user_id INTEGER NOT NULL,
    token TEXT NOT NULL,
    idempotency_key TEXT,
    label TEXT,
    scrub_location INTEGER NOT NULL,
    state TEXT NOT NULL,
    object_name TEXT,
    ra_deg REAL,
    dec_deg REAL,
    file_count INTEGER NOT NULL DEFAULT 0,
    total_bytes INTEGER NOT NULL DEFAULT 0,
    created_at INTEGER NOT NULL,
    completed_at INTEGER,
    expires_at INTEGER NOT NULL,
    CONSTRAINT upload_sessions_token UNIQUE (token),
    CONSTRAINT upload_sessions_idempotency UNIQUE (user_id, idempotency_key),
    FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE
) STRICT;
CREATE INDEX upload_sessions_user ON upload_sessions (user_id, state);
CREATE INDEX upload_sessions_expiry ON upload_sessions (state, expires_at);
