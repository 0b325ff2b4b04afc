-- A row here means: the objects were read back and verified.
CREATE TABLE IF NOT EXISTS stacked_frames (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    job_id INTEGER NOT NULL,
    user_id INTEGER NOT NULL,
    object_name TEXT,
    object_norm TEXT NOT NULL,
    chunk_key TEXT NOT NULL,
    healpix_key TEXT,
    telescope_id TEXT,
    filter_name TEXT,
    fits_key TEXT NOT NULL,
    fits_size INTEGER NOT NULL,
    fits_sha256 TEXT NOT NULL,
    thumb_key TEXT,
    thumb_size INTEGER,
    thumb_sha256 TEXT,
    stars_key TEXT,
    stars_size INTEGER,
    stars_sha256 TEXT,
    n_frames_input INTEGER NOT NULL,
    n_frames_aligned INTEGER NOT NULL,
    total_exptime REAL,
    date_obs_start INTEGER,
    date_obs_end INTEGER,
    ra_deg REAL,
    dec_deg REAL,
    n_stars INTEGER,
    fwhm_px REAL,
    eq_mode BOOLEAN,
    created_at INTEGER NOT NULL,
    UNIQUE (job_id),
    UNIQUE (fits_key)
);
CREATE INDEX IF NOT EXISTS stacked_frames_by_user_id_object_norm ON stacked_frames (user_id, object_norm);
CREATE INDEX IF NOT EXISTS stacked_frames_by_user_id_date_obs_start ON stacked_frames (user_id, date_obs_start);
CREATE INDEX IF NOT EXISTS stacked_frames_by_thumb_key ON stacked_frames (thumb_key);
CREATE INDEX IF NOT EXISTS stacked_frames_by_stars_key ON stacked_frames (stars_key);
