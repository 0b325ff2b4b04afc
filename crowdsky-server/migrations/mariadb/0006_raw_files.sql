-- A row here means: the bytes are stored. is_deleted: they are gone or on their way.
CREATE TABLE IF NOT EXISTS raw_files (
    id BIGINT PRIMARY KEY AUTO_INCREMENT,
    upload_session_id BIGINT NOT NULL,
    user_id BIGINT NOT NULL,
    job_id BIGINT,
    filename VARCHAR(255) NOT NULL,
    storage_key VARCHAR(400) NOT NULL,
    size BIGINT NOT NULL,
    sha256 VARCHAR(64) NOT NULL,
    meta MEDIUMTEXT NOT NULL,
    date_obs BIGINT,
    chunk_key VARCHAR(64),
    healpix_key VARCHAR(64),
    rejected VARCHAR(500),
    is_deleted BOOLEAN NOT NULL,
    created_at BIGINT NOT NULL,
    UNIQUE KEY raw_files_by_upload_session_id_sha256 (upload_session_id, sha256),
    UNIQUE KEY raw_files_by_storage_key (storage_key),
    KEY raw_files_by_job_id (job_id),
    KEY raw_files_by_user_id (user_id)
) ENGINE=InnoDB CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
