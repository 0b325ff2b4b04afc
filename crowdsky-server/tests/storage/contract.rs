//! What every storage does.

use super::{BYTES, key, listed, on_webdav, put};
use crate::support::dav::Dav;
use bytes::Bytes;
use crowdsky_server::objects::Role;
use crowdsky_server::storage::{BlobStore, Error, LocalStore};
use futures_util::{StreamExt, TryStreamExt};

async fn contract(store: &dyn BlobStore) {
    store.probe().await.unwrap();
    let (staged, finished) = ("staging/j7/e1/stack.fits", "stacks/u1/M_31/stack_1_7.fits");
    put(store, staged).await.unwrap();
    assert_eq!(store.size(&key(staged)).await.unwrap(), Some(BYTES.len() as u64));
    let part = store.get(&key(staged), Some(4..9)).await.unwrap();
    assert_eq!((part.size, part.range.clone()), (BYTES.len() as u64, 4..9));
    assert_eq!(part.stream.try_collect::<Vec<_>>().await.unwrap().concat(), &BYTES[4..9]);
    let short = futures_util::stream::once(async { Ok(Bytes::from_static(b"abc")) }).boxed();
    let short = store.put(&key("raws/u1/s1/a.fit"), 4, short).await;
    assert!(matches!(short, Err(Error::Source { .. })), "{short:?}");
    assert_eq!(listed(store).await, [staged], "nothing is left of what was cut off");
    // Moved, and moved again by whoever has not heard the answer.
    for _ in 0..2 {
        store.rename(&key(staged), &key(finished)).await.unwrap();
        assert_eq!(listed(store).await, [finished]);
    }
    let nothing = store.rename(&key("staging/j8/e1/stack.fits"), &key("stacks/u1/a.fits")).await;
    assert!(matches!(nothing, Err(Error::NotFound { .. })), "{nothing:?}");
    for _ in 0..2 {
        store.delete(&key(finished)).await.unwrap();
    }
    assert_eq!(store.size(&key(finished)).await.unwrap(), None);
    let gone = store.get(&key(finished), None).await;
    assert!(matches!(gone, Err(Error::NotFound { .. })), "{gone:?}");
    assert_eq!(listed(store).await, Vec::<String>::new());
}

#[tokio::test]
async fn a_folder() {
    let folder = tempfile::tempdir().unwrap();
    contract(&LocalStore::open(Role::Stacks, folder.path(), 0).unwrap()).await;
}

#[tokio::test]
async fn webdav() {
    let dav = Dav::in_process().await;
    contract(&*on_webdav(Role::Stacks, dav.url())).await;
}
