-- Objects to be deleted: the only way anything is ever deleted.
CREATE TABLE IF NOT EXISTS outbox (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    role TEXT NOT NULL,
    storage_key TEXT NOT NULL,
    reason TEXT NOT NULL,
    due_at INTEGER NOT NULL,
    tries INTEGER NOT NULL,
    last_error TEXT,
    created_at INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS outbox_by_due_at ON outbox (due_at);
CREATE INDEX IF NOT EXISTS outbox_by_storage_key ON outbox (storage_key);
