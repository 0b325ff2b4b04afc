-- The queue is this table. epoch counts claims and never falls; attempt is what the user sees.
CREATE TABLE IF NOT EXISTS stacking_jobs (
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
    attempt INTEGER NOT NULL,
    max_attempts INTEGER NOT NULL,
    epoch INTEGER NOT NULL,
    fair_key INTEGER NOT NULL,
    run_after INTEGER NOT NULL,
    lease_token TEXT,
    lease_expires_at INTEGER,
    heartbeat_at INTEGER,
    worker TEXT,
    worker_id INTEGER,
    legacy BOOLEAN NOT NULL,
    cancel_requested BOOLEAN NOT NULL,
    error_code TEXT,
    error_message TEXT,
    progress REAL NOT NULL,
    created_at INTEGER NOT NULL,
    started_at INTEGER,
    completed_at INTEGER,
    updated_at INTEGER NOT NULL,
    UNIQUE (upload_session_id, group_hash)
);
CREATE INDEX IF NOT EXISTS stacking_jobs_by_state_fair_key_id ON stacking_jobs (state, fair_key, id);
CREATE INDEX IF NOT EXISTS stacking_jobs_by_state_lease_expires_at ON stacking_jobs (state, lease_expires_at);
CREATE INDEX IF NOT EXISTS stacking_jobs_by_user_id ON stacking_jobs (user_id);
CREATE INDEX IF NOT EXISTS stacking_jobs_by_updated_at ON stacking_jobs (updated_at);
