-- Attempts that failed, by what they are counted under.
CREATE TABLE IF NOT EXISTS login_failures (
    id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    subject VARCHAR(300) NOT NULL,
    failed_at BIGINT NOT NULL,
    INDEX login_failures_subject (subject, failed_at),
    INDEX login_failures_age (failed_at)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;
