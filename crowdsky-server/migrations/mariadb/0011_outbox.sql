-- Objects to be deleted: the only way anything is ever deleted.
CREATE TABLE IF NOT EXISTS outbox (
    id BIGINT PRIMARY KEY AUTO_INCREMENT,
    role VARCHAR(16) NOT NULL,
    storage_key VARCHAR(400) NOT NULL,
    reason VARCHAR(40) NOT NULL,
    due_at BIGINT NOT NULL,
    tries BIGINT NOT NULL,
    last_error VARCHAR(500),
    created_at BIGINT NOT NULL,
    KEY outbox_by_due_at (due_at),
    KEY outbox_by_storage_key (storage_key)
) ENGINE=InnoDB CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
