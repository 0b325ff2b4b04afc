-- Every claim and its end: the answer to replays, and what a dead letter died of.
CREATE TABLE IF NOT EXISTS job_attempts (
    id BIGINT PRIMARY KEY AUTO_INCREMENT,
    job_id BIGINT NOT NULL,
    epoch BIGINT NOT NULL,
    attempt BIGINT NOT NULL,
    worker VARCHAR(64) NOT NULL,
    lease_token VARCHAR(64) NOT NULL,
    started_at BIGINT NOT NULL,
    ended_at BIGINT,
    outcome VARCHAR(16),
    error_code VARCHAR(40),
    error_message MEDIUMTEXT,
    UNIQUE KEY job_attempts_by_job_id_epoch (job_id, epoch)
) ENGINE=InnoDB CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
