//! The service as processes: `crowdsky serve` and `crowdsky worker` on real databases and storages.

mod chaos;
mod load;
mod nights;
mod original;
mod pairs;
mod places;
mod private;
mod server;
mod user;
mod worker;
mod worker_chaos;
mod worker_queue;
