//! The storages themselves: what both promise, and what each of them leaves behind.

mod contract;
mod local;
mod webdav;

use bytes::Bytes;
use crowdsky_server::config::{StorageKind, StoragePlace};
use crowdsky_server::objects::Role;
use crowdsky_server::storage::{self, BlobKey, BlobStore, ByteStream};
use futures_util::{StreamExt, TryStreamExt};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

const BYTES: &[u8] = b"the bytes of an object";

fn key(text: &str) -> BlobKey {
    BlobKey::parse(text).unwrap()
}

fn body() -> ByteStream {
    futures_util::stream::once(async { Ok(Bytes::from_static(BYTES)) }).boxed()
}

async fn put(store: &dyn BlobStore, name: &str) -> storage::Result<()> {
    store.put(&key(name), BYTES.len() as u64, body()).await
}

async fn listed(store: &dyn BlobStore) -> Vec<String> {
    let all: Vec<_> = store.list().await.unwrap().try_collect().await.unwrap();
    let mut keys: Vec<String> = all.into_iter().map(|object| object.key).collect();
    keys.sort();
    keys
}

/// A storage on this WebDAV server, as the settings open it.
fn on_webdav(role: Role, url: String) -> Arc<dyn BlobStore> {
    let place =
        StoragePlace { kind: StorageKind::Webdav, url: Some(url), tries: 2, ..StoragePlace::default() };
    storage::place(role, &place, std::path::Path::new("unused")).unwrap()
}

fn set_age(path: &std::path::Path, age: Duration) {
    std::fs::File::open(path).unwrap().set_modified(SystemTime::now() - age).unwrap();
}
