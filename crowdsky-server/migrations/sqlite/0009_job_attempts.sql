-- Every claim, how it ended, and the answer that a replay gets.
CREATE TABLE job_attempts (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    stacking_job_id INTEGER NOT NULL,
    epoch INTEGER NOT NULL,
    attempt INTEGER NOT NULL,
    lease_token TEXT NOT NULL,
    worker TEXT NOT NULL,
    started_at INTEGER NOT NULL,
    ended_at INTEGER,
    outcome TEXT,
    result_state TEXT,
    error_code TEXT,
    error_message TEXT,
    CONSTRAINT job_attempts_epoch UNIQUE (stacking_job_id, epoch),
    CONSTRAINT job_attempts_token UNIQUE (lease_token),
    FOREIGN KEY (stacking_job_id) REFERENCES stacking_jobs (id) ON DELETE CASCADE
) STRICT;
