//! What the tests of the service share.

pub(crate) mod app;
pub(crate) mod dav;
pub(crate) mod frames;
pub(crate) mod mariadb;
pub(crate) mod port;
pub(crate) mod rows;
pub(crate) mod trouble;
pub(crate) mod wire;
