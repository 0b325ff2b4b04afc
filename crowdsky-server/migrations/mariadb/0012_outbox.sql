-- Objects to be deleted from the storages, when they are due.
CREATE TABLE IF NOT EXISTS outbox (
    id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    role VARCHAR(16) NOT NULL,
    object_key VARCHAR(400) NOT NULL,
    reason VARCHAR(16) NOT NULL,
    due_at BIGINT NOT NULL,
    tries BIGINT NOT NULL DEFAULT 0,
    last_error TEXT NULL,
    created_at BIGINT NOT NULL,
    INDEX outbox_due (due_at, id),
    INDEX outbox_object (object_key)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;
