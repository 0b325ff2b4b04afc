-- Who may come in. *_norm: how names are compared, on both databases alike. fair_vt: where the queue stands for this user.
CREATE TABLE IF NOT EXISTS users (
    id BIGINT PRIMARY KEY AUTO_INCREMENT,
    username VARCHAR(64) NOT NULL,
    username_norm VARCHAR(64) NOT NULL,
    email VARCHAR(255) NOT NULL,
    email_norm VARCHAR(255) NOT NULL,
    password_hash VARCHAR(255) NOT NULL,
    tier VARCHAR(16) NOT NULL,
    storage_used BIGINT NOT NULL,
    storage_limit BIGINT NOT NULL,
    fair_vt BIGINT NOT NULL,
    is_active BOOLEAN NOT NULL,
    created_at BIGINT NOT NULL,
    UNIQUE KEY users_by_username_norm (username_norm),
    UNIQUE KEY users_by_email_norm (email_norm)
) ENGINE=InnoDB CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
