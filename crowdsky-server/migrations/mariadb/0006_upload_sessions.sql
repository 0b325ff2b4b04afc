-- Sets of raw frames that are sent together.
CREATE TABLE IF NOT EXISTS upload_sessions (
    id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    user_id BIGINT NOT NULL,
    token VARCHAR(64) NOT NULL,
    idempotency_key VARCHAR(255) NULL,
    label VARCHAR(255) NULL,
    scrub_location TINYINT NOT NULL,
    state VARCHAR(16) NOT NULL,
    object_name VARCHAR(255) NULL,
    ra_deg DOUBLE NULL,
    dec_deg DOUBLE NULL,
    file_count BIGINT NOT NULL DEFAULT 0,
    total_bytes BIGINT NOT NULL DEFAULT 0,
    created_at BIGINT NOT NULL,
    completed_at BIGINT NULL,
    expires_at BIGINT NOT NULL,
    CONSTRAINT upload_sessions_token UNIQUE (token),
    CONSTRAINT upload_sessions_idempotency UNIQUE (user_id, idempotency_key),
    INDEX upload_sessions_user (user_id, state),
    INDEX upload_sessions_expiry (state, expires_at),
    CONSTRAINT upload_sessions_user_id_fk FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;
