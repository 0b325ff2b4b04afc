//! What the tests of the service share.

pub(crate) mod mariadb;
