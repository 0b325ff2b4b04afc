-- One drop of frames, open until it is finalised.
CREATE TABLE IF NOT EXISTS upload_sessions (
    id BIGINT PRIMARY KEY AUTO_INCREMENT,
    user_id BIGINT NOT NULL,
    token VARCHAR(64) NOT NULL,
    idempotency_key VARCHAR(128),
    label VARCHAR(200),
    scrub_location BOOLEAN NOT NULL,
    state VARCHAR(16) NOT NULL,
    object_name VARCHAR(100),
    ra_deg DOUBLE,
    dec_deg DOUBLE,
    file_count BIGINT NOT NULL,
    total_bytes BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    completed_at BIGINT,
    expires_at BIGINT NOT NULL,
    UNIQUE KEY upload_sessions_by_token (token),
    UNIQUE KEY upload_sessions_by_user_id_idempotency_key (user_id, idempotency_key),
    KEY upload_sessions_by_user_id_created_at (user_id, created_at),
    KEY upload_sessions_by_state_expires_at (state, expires_at)
) ENGINE=InnoDB CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
