-- Who did what; never a secret.
CREATE TABLE IF NOT EXISTS audit (
    id BIGINT PRIMARY KEY AUTO_INCREMENT,
    logged_at BIGINT NOT NULL,
    user_id BIGINT,
    event VARCHAR(40) NOT NULL,
    detail VARCHAR(500) NOT NULL,
    request_id VARCHAR(64),
    KEY audit_by_logged_at (logged_at)
) ENGINE=InnoDB CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
