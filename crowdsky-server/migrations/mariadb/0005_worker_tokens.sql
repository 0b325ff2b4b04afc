-- Tokens of workers. active_name is the name until it is revoked, so that a name can be given again.
CREATE TABLE IF NOT EXISTS worker_tokens (
    id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    name VARCHAR(64) NOT NULL,
    active_name VARCHAR(64) NULL,
    token_hash BINARY(32) NOT NULL,
    created_at BIGINT NOT NULL,
    last_seen_at BIGINT NULL,
    revoked_at BIGINT NULL,
    CONSTRAINT worker_tokens_name UNIQUE (active_name),
    CONSTRAINT worker_tokens_token UNIQUE (token_hash)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;
