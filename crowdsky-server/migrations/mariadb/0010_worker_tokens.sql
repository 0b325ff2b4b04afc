-- SHA-256 of the tokens of workers. active_name is null once revoked, so that a name can be used again.
CREATE TABLE IF NOT EXISTS worker_tokens (
    id BIGINT PRIMARY KEY AUTO_INCREMENT,
    name VARCHAR(64) NOT NULL,
    active_name VARCHAR(64),
    token_hash VARCHAR(64) NOT NULL,
    created_at BIGINT NOT NULL,
    last_seen_at BIGINT,
    revoked_at BIGINT,
    UNIQUE KEY worker_tokens_by_active_name (active_name),
    UNIQUE KEY worker_tokens_by_token_hash (token_hash)
) ENGINE=InnoDB CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
