//! A storage in a folder: its folders come and go, and its reserve is for raws.

use super::{key, listed, put};
use crowdsky_server::objects::Role;
use crowdsky_server::storage::{BlobStore, Error, LocalStore};
use futures_util::StreamExt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// A disk at its reserve takes no raws; a stack has to have room on it, or the raws would never go.
#[tokio::test]
async fn the_reserve_is_for_raws_alone() {
    let folder = tempfile::tempdir().unwrap();
    let raws = LocalStore::open(Role::Raws, folder.path(), u64::MAX).unwrap();
    let full = put(&raws, "raws/u1/s1/a.fit").await;
    assert!(matches!(full, Err(Error::Full { role: Role::Raws })), "{full:?}");
    let stacks = LocalStore::open(Role::Stacks, folder.path(), u64::MAX).unwrap();
    put(&stacks, "staging/j1/e1/stack.fits").await.unwrap();
}

#[tokio::test]
async fn a_move_leaves_no_empty_folder() {
    let folder = tempfile::tempdir().unwrap();
    let store = LocalStore::open(Role::Stacks, folder.path(), 0).unwrap();
    for name in ["staging/j1/e1/stack.fits", "staging/j1/e1/thumbnail_thumb.png"] {
        put(&store, name).await.unwrap();
    }
    store.rename(&key("staging/j1/e1/stack.fits"), &key("stacks/u1/M_31/a.fits")).await.unwrap();
    assert!(folder.path().join("staging/j1/e1").is_dir(), "there is another object in it");
    store
        .rename(&key("staging/j1/e1/thumbnail_thumb.png"), &key("stacks/u1/M_31/a_thumb.png"))
        .await
        .unwrap();
    assert!(!folder.path().join("staging").exists());
    assert_eq!(listed(&store).await, ["stacks/u1/M_31/a.fits", "stacks/u1/M_31/a_thumb.png"]);
}

/// Folders are removed when they are empty, and at the same moment somebody writes into them, moves into them, lists them.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn folders_that_come_and_go_hurt_nobody() {
    let folder = tempfile::tempdir().unwrap();
    let store = Arc::new(LocalStore::open(Role::Raws, folder.path(), 0).unwrap());
    let over = Arc::new(AtomicBool::new(false));
    let (seen, ended) = (store.clone(), over.clone());
    let lists = tokio::spawn(async move {
        let mut lists = 0;
        while !ended.load(Ordering::SeqCst) {
            let mut objects = seen.list().await.unwrap();
            while let Some(object) = objects.next().await {
                object.unwrap();
            }
            lists += 1;
        }
        lists
    });
    let writers: Vec<_> = (0..6)
        .map(|k| {
            let store = store.clone();
            tokio::spawn(async move {
                let (first, second) = (format!("raws/u1/s1/{k}"), format!("raws/u2/s2/{k}"));
                for _ in 0..60 {
                    put(&*store, &first).await.unwrap();
                    store.rename(&key(&first), &key(&second)).await.unwrap();
                    store.delete(&key(&second)).await.unwrap();
                }
            })
        })
        .collect();
    for writer in writers {
        writer.await.unwrap();
    }
    over.store(true, Ordering::SeqCst);
    assert!(lists.await.unwrap() > 0);
    assert_eq!(listed(&*store).await, Vec::<String>::new());
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "and no folder stays");
}

/// A disk that is not there is no missing object.
#[tokio::test]
async fn a_storage_that_is_gone_is_not_available() {
    let folder = tempfile::tempdir().unwrap();
    let store = LocalStore::open(Role::Stacks, &folder.path().join("disk"), 0).unwrap();
    std::fs::remove_dir(folder.path().join("disk")).unwrap();
    let gone = put(&store, "stacks/a").await;
    assert!(matches!(gone, Err(Error::Unavailable { .. })), "{gone:?}");
    assert!(store.list().await.unwrap().next().await.unwrap().is_err());
}
