-- Every claim, how it ended, and the answer that a replay gets.
CREATE TABLE IF NOT EXISTS job_attempts (
    id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    stacking_job_id BIGINT NOT NULL,
    epoch BIGINT NOT NULL,
    attempt BIGINT NOT NULL,
    lease_token VARCHAR(32) NOT NULL,
    worker VARCHAR(255) NOT NULL,
    started_at BIGINT NOT NULL,
    ended_at BIGINT NULL,
    outcome VARCHAR(16) NULL,
    result_state VARCHAR(16) NULL,
    error_code VARCHAR(64) NULL,
    error_message TEXT NULL,
    CONSTRAINT job_attempts_epoch UNIQUE (stacking_job_id, epoch),
    CONSTRAINT job_attempts_token UNIQUE (lease_token),
    CONSTRAINT job_attempts_stacking_job_id_fk FOREIGN KEY (stacking_job_id) REFERENCES stacking_jobs (id) ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;
