-- Raw frames whose bytes are stored. A row outlives its object, marked deleted.
CREATE TABLE raw_files (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    upload_session_id INTEGER NOT NULL,
    user_id INTEGER NOT NULL,
    stacking_job_id INTEGER,
    filename TEXT NOT NULL,
    object_key TEXT NOT NULL,
    size_bytes INTEGER NOT NULL,
    sha256 TEXT NOT NULL,
    meta TEXT NOT NULL,
    date_obs INTEGER,
    chunk_key TEXT,
    healpix_key TEXT,
    rejected TEXT,
    is_deleted INTEGER NOT NULL DEFAULT 0,
    created_at INTEGER NOT NULL,
    CONSTRAINT raw_files_content UNIQUE (upload_session_id, sha256),
    CONSTRAINT raw_files_filename UNIQUE (upload_session_id, filename),
    CONSTRAINT raw_files_object UNIQUE (object_key),
    FOREIGN KEY (upload_session_id) REFERENCES upload_sessions (id) ON DELETE CASCADE,
    FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE,
    FOREIGN KEY (stacking_job_id) REFERENCES stacking_jobs (id) ON DELETE SET NULL
) STRICT;
CREATE INDEX raw_files_job ON raw_files (stacking_job_id);
CREATE INDEX raw_files_user ON raw_files (user_id);
