-- One drop of frames, open until it is finalised.
CREATE TABLE IF NOT EXISTS upload_sessions (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    user_id INTEGER NOT NULL,
    token TEXT NOT NULL,
    idempotency_key TEXT,
    label TEXT,
    scrub_location BOOLEAN NOT NULL,
    state TEXT NOT NULL,
    object_name TEXT,
    ra_deg REAL,
    dec_deg REAL,
    file_count INTEGER NOT NULL,
    total_bytes INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    completed_at INTEGER,
    expires_at INTEGER NOT NULL,
    UNIQUE (token),
    UNIQUE (user_id, idempotency_key)
);
CREATE INDEX IF NOT EXISTS upload_sessions_by_user_id_created_at ON upload_sessions (user_id, created_at);
CREATE INDEX IF NOT EXISTS upload_sessions_by_state_expires_at ON upload_sessions (state, expires_at);
