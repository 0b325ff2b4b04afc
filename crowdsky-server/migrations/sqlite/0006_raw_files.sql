-- A row here means: the bytes are stored. is_deleted: they are gone or on their way.
CREATE TABLE IF NOT EXISTS raw_files (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    upload_session_id INTEGER NOT NULL,
    user_id INTEGER NOT NULL,
    job_id INTEGER,
    filename TEXT NOT NULL,
    storage_key TEXT NOT NULL,
    size INTEGER NOT NULL,
    sha256 TEXT NOT NULL,
    meta TEXT NOT NULL,
    date_obs INTEGER,
    chunk_key TEXT,
    healpix_key TEXT,
    rejected TEXT,
    is_deleted BOOLEAN NOT NULL,
    created_at INTEGER NOT NULL,
    UNIQUE (upload_session_id, sha256),
    UNIQUE (storage_key)
);
CREATE INDEX IF NOT EXISTS raw_files_by_job_id ON raw_files (job_id);
CREATE INDEX IF NOT EXISTS raw_files_by_user_id ON raw_files (user_id);
