-- Virtual time of the queue: the largest fair_key ever claimed. Several rows, of which the largest counts, so that claims at once do not wait for one.
CREATE TABLE IF NOT EXISTS queue_clock (
    id BIGINT NOT NULL PRIMARY KEY,
    virtual_time BIGINT NOT NULL DEFAULT 0
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;
