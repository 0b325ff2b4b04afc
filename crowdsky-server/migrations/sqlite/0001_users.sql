-- Who may come in. Names and addresses are compared by their normalised forms.
CREATE TABLE users (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    username TEXT NOT NULL,
    username_norm TEXT NOT NULL,
    email TEXT NOT NULL,
    email_norm TEXT NOT NULL,
    password_hash TEXT NOT NULL,
    tier TEXT NOT NULL,
    storage_used INTEGER NOT NULL DEFAULT 0,
    storage_limit INTEGER NOT NULL,
    virtual_time INTEGER NOT NULL DEFAULT 0,
    is_active INTEGER NOT NULL DEFAULT 1,
    created_at INTEGER NOT NULL,
    CONSTRAINT users_username UNIQUE (username_norm),
    CONSTRAINT users_email UNIQUE (email_norm)
) STRICT;
