-- "Has this user sent this file before?" is asked of up to 1,000 hashes at a time. The new index begins with the old one's column.
CREATE INDEX IF NOT EXISTS raw_files_by_user_id_sha256 ON raw_files (user_id, sha256);
DROP INDEX IF EXISTS raw_files_by_user_id;
