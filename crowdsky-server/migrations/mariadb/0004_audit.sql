-- Who did what. It outlives the user, without a name.
CREATE TABLE IF NOT EXISTS audit (
    id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    logged_at BIGINT NOT NULL,
    user_id BIGINT NULL,
    event VARCHAR(64) NOT NULL,
    detail TEXT NOT NULL,
    request_id VARCHAR(64) NULL,
    INDEX audit_user (user_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;
