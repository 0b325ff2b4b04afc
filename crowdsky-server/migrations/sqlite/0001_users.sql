-- Who may come in. *_norm: how names are compared, on both databases alike. fair_vt: where the queue stands for this user.
CREATE TABLE IF NOT EXISTS users (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    username TEXT NOT NULL,
    username_norm TEXT NOT NULL,
    email TEXT NOT NULL,
    email_norm TEXT NOT NULL,
    password_hash TEXT NOT NULL,
    tier TEXT NOT NULL,
    storage_used INTEGER NOT NULL,
    storage_limit INTEGER NOT NULL,
    fair_vt INTEGER NOT NULL,
    is_active BOOLEAN NOT NULL,
    created_at INTEGER NOT NULL,
    UNIQUE (username_norm),
    UNIQUE (email_norm)
);
