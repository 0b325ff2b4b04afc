-- The queue. A lease is its lease_ columns; epoch counts claims and never falls.
CREATE TABLE stacking_jobs (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL,
    user_id INTEGER NOT NULL,
    upload_session_id INTEGER NOT NULL,
    group_hash TEXT NOT NULL,
    chunk_key TEXT NOT NULL,
    healpix_key TEXT,
    object_name TEXT,
    telescope_id TEXT,
    filter_name TEXT,
    exptime REAL,
    slot_start INTEGER,
    frame_count INTEGER NOT NULL,
    state TEXT NOT NULL,
    attempt INTEGER NOT NULL DEFAULT 0,
    max_attempts INTEGER NOT NULL DEFAULT 4,
    epoch INTEGER NOT NULL DEFAULT 0,
    run_after INTEGER NOT NULL,
    fair_key INTEGER NOT NULL,
    lease_token TEXT,
    lease_expires_at INTEGER,
    heartbeat_at INTEGER,
    worker TEXT,
    worker_token_id INTEGER,
    legacy INTEGER NOT NULL DEFAULT 0,
    cancel_requested INTEGER NOT NULL DEFAULT 0,
    error_code TEXT,
    error_message TEXT,
    progress REAL NOT NULL DEFAULT 0,
    created_at INTEGER NOT NULL,
    started_at INTEGER,
    completed_at INTEGER,
    updated_at INTEGER NOT NULL,
    CONSTRAINT stacking_jobs_group UNIQUE (upload_session_id, group_hash),
    FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE,
    FOREIGN KEY (upload_session_id) REFERENCES upload_sessions (id) ON DELETE CASCADE,
    FOREIGN KEY (worker_token_id) REFERENCES worker_tokens (id) ON DELETE SET NULL
) STRICT;
CREATE INDEX stacking_jobs_ready ON stacking_jobs (state, fair_key, id);
CREATE INDEX stacking_jobs_lease ON stacking_jobs (state, lease_expires_at);
CREATE INDEX stacking_jobs_user ON stacking_jobs (user_id);
CREATE INDEX stacking_jobs_change ON stacking_jobs (updated_at, id);
CREATE INDEX stacking_jobs_worker ON stacking_jobs (worker_token_id);
