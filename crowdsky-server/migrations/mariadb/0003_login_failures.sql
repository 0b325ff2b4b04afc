-- Sign-ins that failed, for all servers to count.
CREATE TABLE IF NOT EXISTS login_failures (
    id BIGINT PRIMARY KEY AUTO_INCREMENT,
    failure_key VARCHAR(300) NOT NULL,
    failed_at BIGINT NOT NULL,
    KEY login_failures_by_failure_key_failed_at (failure_key, failed_at),
    KEY login_failures_by_failed_at (failed_at)
) ENGINE=InnoDB CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
