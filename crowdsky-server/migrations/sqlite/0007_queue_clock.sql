-- Virtual time of the queue: the largest fair_key ever claimed. Several rows, of which the largest counts, so that claims at once do not wait for one.
CREATE TABLE queue_clock (
    id INTEGER PRIMARY KEY,
    virtual_time INTEGER NOT NULL DEFAULT 0
) STRICT;
