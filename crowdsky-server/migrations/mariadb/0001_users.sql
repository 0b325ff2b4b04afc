-- Who may come in. Names and addresses are compared by their normalised forms.
CREATE TABLE IF NOT EXISTS users (
    id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    username VARCHAR(64) NOT NULL,
    username_norm VARCHAR(255) NOT NULL,
    email VARCHAR(255) NOT NULL,
    email_norm VARCHAR(255) NOT NULL,
    password_hash VARCHAR(255) NOT NULL,
    tier VARCHAR(16) NOT NULL,
    storage_used BIGINT NOT NULL DEFAULT 0,
    storage_limit BIGINT NOT NULL,
    virtual_time BIGINT NOT NULL DEFAULT 0,
    is_active TINYINT NOT NULL DEFAULT 1,
    created_at BIGINT NOT NULL,
    CONSTRAINT users_username UNIQUE (username_norm),
    CONSTRAINT users_email UNIQUE (email_norm)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;
