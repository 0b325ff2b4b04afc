-- The rows of the clock: a claim moves that of its own number modulo 8.
INSERT IGNORE INTO queue_clock (id, virtual_time) VALUES (0, 0), (1, 0), (2, 0), (3, 0), (4, 0), (5, 0), (6, 0), (7, 0);
