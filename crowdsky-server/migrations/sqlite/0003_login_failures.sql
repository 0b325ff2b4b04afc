-- Sign-ins that failed, for all servers to count.
CREATE TABLE IF NOT EXISTS login_failures (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    failure_key TEXT NOT NULL,
    failed_at INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS login_failures_by_failure_key_failed_at ON login_failures (failure_key, failed_at);
CREATE INDEX IF NOT EXISTS login_failures_by_failed_at ON login_failures (failed_at);
