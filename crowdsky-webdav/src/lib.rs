//! A WebDAV client.
