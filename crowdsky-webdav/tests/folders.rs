//! Folders that others delete, trees that are large, trees that change while they are walked.

use crate::faulty::{Fault, Faulty};
use bytes::Bytes;
use crowdsky_webdav::{Client, Config, Credentials, Error, Overwrite, RemotePath};
use futures_util::TryStreamExt;

fn path(text: &str) -> RemotePath {
    RemotePath::parse(text).unwrap()
}

/// A server, and a client that takes `entries` entries of a folder.
async fn faulty(entries: usize) -> (Faulty, Client) {
    let server = Faulty::start().await;
    let mut config = Config::new(&format!("http://{}/", server.address), Credentials::None).unwrap();
    config.limits.entries = entries;
    (server, Client::new(config).unwrap())
}

async fn put(client: &Client, name: &str) -> crowdsky_webdav::Result<()> {
    client.publish_bytes(&path(name), Bytes::from_static(b"abc"), Overwrite::Fail).await
}

async fn put_stream(client: &Client, name: &str) -> crowdsky_webdav::Result<()> {
    let stream = futures_util::stream::iter([Ok(Bytes::from_static(b"abc"))]);
    client.publish_stream(&path(name), 3, stream, Overwrite::Fail).await
}

async fn walked(client: &Client) -> Vec<String> {
    let all: Vec<_> = client.walk(None).try_collect().await.unwrap();
    let mut names: Vec<_> = all.into_iter().map(|entry| entry.path.unwrap().to_string()).collect();
    names.sort();
    names
}

/// Somebody else deletes a folder that the client remembers: a stream, which cannot be sent again, fails once and not for ever.
#[tokio::test]
async fn a_remembered_folder_that_is_gone_is_made_anew() {
    let (server, client) = faulty(100).await;
    let other = Client::new(Config::new(&format!("http://{}/", server.address), Credentials::None).unwrap());
    let other = other.unwrap();
    put_stream(&client, "raws/u1/s1/a").await.unwrap();
    other.delete_collection(&path("raws")).await.unwrap();
    let gone = put_stream(&client, "raws/u1/s1/b").await;
    assert!(matches!(gone, Err(Error::NotFound { .. } | Error::Conflict { .. })), "{gone:?}");
    put_stream(&client, "raws/u1/s1/b").await.unwrap();
    // A folder of it that is new, below one that is remembered and gone.
    other.delete_collection(&path("raws")).await.unwrap();
    put_stream(&client, "raws/u1/s2/c").await.unwrap();
    // What can be sent again does not fail at all; nor does a move.
    other.delete_collection(&path("raws")).await.unwrap();
    put(&client, "raws/u1/s2/d").await.unwrap();
    put(&client, "stacks/u1/e").await.unwrap();
    other.delete_collection(&path("stacks")).await.unwrap();
    client.move_to(&path("raws/u1/s2/d"), &path("stacks/u1/d"), Overwrite::Replace).await.unwrap();
    assert_eq!(
        walked(&client).await,
        ["raws", "raws/u1", "raws/u1/s2", "stacks", "stacks/u1", "stacks/u1/d"]
    );
}

/// The limit is for one folder: how many there are in all is nobody's fault.
#[tokio::test]
async fn a_tree_of_any_size_is_walked() {
    let (_server, client) = faulty(10).await;
    for k in 0..8 {
        for l in 0..4 {
            put(&client, &format!("raws/u{k}/{l}")).await.unwrap();
        }
    }
    assert_eq!(walked(&client).await.len(), 1 + 8 + 8 * 4);
    for l in 4..10 {
        put(&client, &format!("raws/u3/{l}")).await.unwrap();
    }
    let wide: Result<Vec<_>, _> = client.walk(None).try_collect().await;
    assert!(matches!(wide, Err(Error::BadAnswer { .. })), "{wide:?}");
}

#[tokio::test]
async fn a_folder_that_goes_during_a_walk_is_left_out() {
    let (server, client) = faulty(100).await;
    put(&client, "a/1").await.unwrap();
    put(&client, "b/2").await.unwrap();
    let mut walk = client.walk_folders(None);
    assert_eq!(walk.try_next().await.unwrap().unwrap().entries.len(), 2);
    server.next("PROPFIND", [Fault::Status(404, 0)]);
    let rest: Vec<_> = walk.try_collect().await.unwrap();
    assert_eq!(rest.len(), 1, "{rest:?}");
    // But the folder it begins in has to be there.
    let none: Result<Vec<_>, _> = client.walk(Some(&path("c"))).try_collect().await;
    assert!(matches!(none, Err(Error::NotFound { .. })), "{none:?}");
}

#[tokio::test]
async fn only_empty_folders_go() {
    let (_server, client) = faulty(100).await;
    put(&client, "staging/j1/e1/stack").await.unwrap();
    assert!(!client.delete_empty_collection(&path("staging/j1/e1")).await.unwrap());
    client.delete(&path("staging/j1/e1/stack")).await.unwrap();
    assert!(!client.delete_empty_collection(&path("staging/j1")).await.unwrap());
    assert!(client.delete_empty_collection(&path("staging/j1/e1")).await.unwrap());
    assert!(client.delete_empty_collection(&path("staging/j1")).await.unwrap());
    assert!(client.delete_empty_collection(&path("staging/j1")).await.unwrap(), "it is gone already");
    assert_eq!(walked(&client).await, ["staging"]);
    put(&client, "staging/j1/e1/stack").await.unwrap();
}
