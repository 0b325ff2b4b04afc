//! A storage on a WebDAV server: what it lists, and which folders it leaves.

use super::{key, listed, on_webdav, put, set_age};
use crate::support::dav::Dav;
use crowdsky_server::objects::Role;
use crowdsky_server::storage::Error;
use std::time::Duration;

const HOUR: Duration = Duration::from_secs(3600);

/// What died in the middle of an upload: hidden as long as it may go on, then there for the sweep.
#[tokio::test]
async fn parts_of_yesterday_are_listed() {
    let dav = Dav::in_process().await;
    let store = on_webdav(Role::Raws, dav.url());
    put(&*store, "raws/u1/s1/a.fit").await.unwrap();
    let part = |name: &str| dav.folder().join("raws/u1/s1").join(name);
    for name in ["b.fit.0123456789abcdef.part", "c.fit.0123456789abcdef.part"] {
        std::fs::write(part(name), "half").unwrap();
    }
    set_age(&part("b.fit.0123456789abcdef.part"), 25 * HOUR);
    assert_eq!(listed(&*store).await, ["raws/u1/s1/a.fit", "raws/u1/s1/b.fit.0123456789abcdef.part"]);
    store.delete(&key("raws/u1/s1/b.fit.0123456789abcdef.part")).await.unwrap();
    assert_eq!(listed(&*store).await, ["raws/u1/s1/a.fit"]);
}

#[tokio::test]
async fn folders_of_attempts_go_with_what_is_staged_in_them() {
    let dav = Dav::in_process().await;
    let store = on_webdav(Role::Stacks, dav.url());
    for name in ["staging/j1/e1/stack.fits", "staging/j1/e2/stack.fits", "staging/j1/e2/thumbnail_thumb.png"]
    {
        put(&*store, name).await.unwrap();
    }
    let left = |name: &str| dav.folder().join(name).exists();
    store.delete(&key("staging/j1/e1/stack.fits")).await.unwrap();
    assert!(!left("staging/j1/e1") && left("staging/j1/e2/stack.fits"));
    store.rename(&key("staging/j1/e2/stack.fits"), &key("stacks/u1/M_31/a.fits")).await.unwrap();
    assert!(left("staging/j1/e2/thumbnail_thumb.png"));
    store
        .rename(&key("staging/j1/e2/thumbnail_thumb.png"), &key("stacks/u1/M_31/a_thumb.png"))
        .await
        .unwrap();
    assert!(!left("staging/j1") && left("staging"));
    // The client knew these folders; the next attempt makes them again.
    put(&*store, "staging/j1/e2/stack.fits").await.unwrap();
}

/// Nobody writes into a session's folder a week after anything was there; into a user's folder somebody may at any time.
#[tokio::test]
async fn folders_of_sessions_go_when_they_have_been_empty_for_long() {
    let dav = Dav::in_process().await;
    let store = on_webdav(Role::Raws, dav.url());
    put(&*store, "raws/u1/s1/a.fit").await.unwrap();
    let made = ["raws/u1/s2", "raws/u1/s3", "raws/u2", "staging/j1", "raws/u1/attic"];
    for name in made {
        std::fs::create_dir_all(dav.folder().join(name)).unwrap();
    }
    for name in made.into_iter().filter(|name| *name != "raws/u1/s3").chain(["raws/u1/s1"]) {
        set_age(&dav.folder().join(name), 8 * 24 * HOUR);
    }
    assert_eq!(listed(&*store).await, ["raws/u1/s1/a.fit"]);
    let gone: Vec<_> = made.into_iter().filter(|name| !dav.folder().join(name).exists()).collect();
    assert_eq!(gone, ["raws/u1/s2", "staging/j1"]);
}

/// A folder that is remembered and gone: worth another try, and never a missing object; the next one goes well.
#[tokio::test]
async fn a_folder_that_is_gone_hurts_once() {
    let dav = Dav::in_process().await;
    let store = on_webdav(Role::Raws, dav.url());
    put(&*store, "raws/u1/s1/a.fit").await.unwrap();
    std::fs::remove_dir_all(dav.folder().join("raws")).unwrap();
    let gone = put(&*store, "raws/u1/s1/b.fit").await;
    assert!(matches!(gone, Err(Error::Unavailable { .. })), "{gone:?}");
    put(&*store, "raws/u1/s1/b.fit").await.unwrap();
    put(&*store, "stacks/u1/c").await.unwrap();
    std::fs::remove_dir_all(dav.folder().join("stacks")).unwrap();
    store.rename(&key("raws/u1/s1/b.fit"), &key("stacks/u1/b")).await.unwrap();
    assert_eq!(listed(&*store).await, ["stacks/u1/b"]);
}
