//! Every way a WebDAV server or the wire to it can fail: the typed error, how often it was asked, and what is stored in the end.

use crate::faulty::{Fault, Faulty, Wire, wire};
use bytes::Bytes;
use crowdsky_webdav::{Client, Config, Credentials, Error, Overwrite, RemotePath, Retry};
use futures_util::{StreamExt, TryStreamExt};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

/// What three tries against a server with this one answer end in, and how many requests came.
async fn outcome(status: u16) -> (Error, u32) {
    let asked = Arc::new(AtomicU32::new(0));
    let counter = asked.clone();
    let app = axum::Router::new().fallback(move || async move {
        counter.fetch_add(1, Ordering::SeqCst);
        (axum::http::StatusCode::from_u16(status).unwrap(), [("retry-after", "0")])
    });
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}/", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, app).await });
    let mut config = Config::new(&base, Credentials::ShareToken("SeCrEt123".to_owned().into())).unwrap();
    config.retry.attempts = 3;
    let client = Client::new(config).unwrap();
    let error = client.put_bytes(&RemotePath::parse("a").unwrap(), "abc".into()).await.unwrap_err();
    assert!(!format!("{error} {error:?}").contains("SeCrEt123"));
    (error, asked.load(Ordering::SeqCst))
}

#[tokio::test]
async fn what_passes_is_tried_again_and_the_rest_is_not() {
    for status in [423, 429, 500, 502, 503, 504] {
        assert!(matches!(outcome(status).await, (Error::Unavailable { .. }, 3)), "{status}");
    }
    assert!(matches!(outcome(507).await, (Error::OutOfSpace { .. }, 1)));
    assert!(matches!(outcome(401).await, (Error::Denied { .. }, 1)));
    assert!(matches!(outcome(404).await, (Error::NotFound { .. }, 1)));
    assert!(matches!(outcome(302).await, (Error::Redirect { .. }, 1)));
}

/// A client that waits neither long nor often.
fn client(base: &str) -> Client {
    Client::new(impatient(base)).unwrap()
}

fn impatient(base: &str) -> Config {
    let mut config = Config::new(base, Credentials::None).unwrap();
    config.retry = Retry { attempts: 4, base: Duration::from_millis(2), cap: Duration::from_millis(1500) };
    config.timeouts.response = Duration::from_millis(700);
    config.timeouts.idle = Duration::from_millis(700);
    config
}

/// What a client takes for silence that is to be told from slowness, also on a machine that is slow itself.
const SILENCE: Duration = Duration::from_secs(2);

fn client_of_the_slow(base: &str) -> Client {
    let mut config = impatient(base);
    config.timeouts.response = SILENCE;
    config.timeouts.idle = SILENCE;
    Client::new(config).unwrap()
}

async fn faulty() -> (Faulty, Client) {
    let server = Faulty::start().await;
    let client = client(&format!("http://{}/", server.address));
    (server, client)
}

fn path(text: &str) -> RemotePath {
    RemotePath::parse(text).unwrap()
}

fn bytes(length: usize) -> Bytes {
    (0..length).map(|k| (k % 251) as u8).collect::<Vec<u8>>().into()
}

/// Every object there is.
async fn objects(client: &Client) -> Vec<String> {
    let all: Vec<_> = client.walk(None).try_collect().await.unwrap();
    all.into_iter().filter(|entry| !entry.collection).map(|entry| entry.path.unwrap().to_string()).collect()
}

#[tokio::test]
async fn what_passes_is_waited_out_by_every_verb() {
    for status in [423, 429, 500, 502, 503, 504] {
        let (server, client) = faulty().await;
        for verb in ["MKCOL", "PUT", "PUT", "HEAD", "MOVE", "MOVE", "GET", "PROPFIND", "DELETE"] {
            server.next(verb, [Fault::Status(status, 0)]);
        }
        let (name, body) = (path("raws/a.fit"), bytes(100_000));
        client.publish_bytes(&name, body.clone(), Overwrite::Fail).await.unwrap();
        assert_eq!(client.get_bytes(&name, 1 << 20).await.unwrap(), body, "{status}");
        assert_eq!(objects(&client).await, ["raws/a.fit"], "{status}");
        client.delete(&name).await.unwrap();
        assert_eq!(client.head(&name).await.unwrap(), None, "{status}");
        assert!(server.has_failed_as_told(), "{status}");
    }
}

#[tokio::test]
async fn the_server_says_when_to_come_back_within_reason() {
    let server = Faulty::start().await;
    let mut config = impatient(&format!("http://{}/", server.address));
    // What was asked for and what is the most are two seconds apart, for a request may be on its way for one.
    config.retry.cap = Duration::from_secs(3);
    let client = Client::new(config).unwrap();
    server.next("PUT", [Fault::Status(429, 1), Fault::Status(503, 3600)]);
    client.put_bytes(&path("a"), bytes(9)).await.unwrap();
    let asked = server.asked("PUT");
    let waits: Vec<Duration> = asked.windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert!(waits[0] >= Duration::from_secs(1) && waits[0] < Duration::from_secs(3), "{waits:?}");
    assert!(waits[1] >= Duration::from_secs(3) && waits[1] < Duration::from_secs(60), "{waits:?}");
}

#[tokio::test]
async fn a_full_server_is_told_once_and_nothing_stays() {
    let (server, client) = faulty().await;
    for verb in ["MKCOL", "PUT", "MOVE"] {
        server.next(verb, [Fault::Status(507, 0)]);
        let full = client.publish_bytes(&path("raws/a.fit"), bytes(9), Overwrite::Fail).await;
        assert!(matches!(full, Err(Error::OutOfSpace { .. })), "{verb}: {full:?}");
        assert_eq!(server.asked(verb).len(), 1, "{verb}");
        assert_eq!(objects(&client).await, Vec::<String>::new(), "{verb}");
    }
    client.publish_bytes(&path("raws/a.fit"), bytes(9), Overwrite::Fail).await.unwrap();
    assert!(server.has_failed_as_told());
}

#[tokio::test]
async fn refused_and_missing_are_told_at_once() {
    let (server, client) = faulty().await;
    client.publish_bytes(&path("a"), bytes(9), Overwrite::Fail).await.unwrap();
    for (verb, name) in [("GET", "a"), ("HEAD", "a"), ("DELETE", "a"), ("MOVE", "a"), ("PROPFIND", "a")] {
        server.next(verb, [Fault::Status(401, 0)]);
        let (name, other) = (path(name), path("b"));
        let denied = match verb {
            "GET" => client.get(&name).await.map(drop),
            "HEAD" => client.head(&name).await.map(drop),
            "DELETE" => client.delete(&name).await,
            "MOVE" => client.rename(&name, &other, Overwrite::Fail).await,
            _ => client.list(None).await.map(drop),
        };
        assert!(matches!(denied, Err(Error::Denied { status: 401, .. })), "{verb}: {denied:?}");
        assert_eq!(server.asked(verb).len(), 1, "{verb}");
    }
    assert!(matches!(client.get(&path("c")).await, Err(Error::NotFound { .. })));
    assert_eq!(client.head(&path("c")).await.unwrap(), None);
    client.delete(&path("c")).await.unwrap();
    let lost = client.rename(&path("c"), &path("d"), Overwrite::Fail).await;
    assert!(matches!(lost, Err(Error::NotFound { .. })), "{lost:?}");
}

/// Twenty pieces with 125 ms between them take longer than the limit of 2 s for silence, and no pause is near it.
#[tokio::test]
async fn slow_is_not_silent_on_the_way_here() {
    let head = b"HTTP/1.1 200 OK\r\ncontent-length: 2048\r\n\r\n".to_vec();
    let slow: Vec<_> =
        std::iter::once(head.clone()).chain(bytes(2048).chunks(103).map(<[u8]>::to_vec)).collect();
    let pause = Duration::from_millis(125);
    let silent = vec![head, vec![0; 512]];
    let wires = vec![
        Wire::Says { pieces: slow, pause, reset: false },
        Wire::Says { pieces: silent, pause: Duration::from_secs(60), reset: false },
    ];
    let client = client_of_the_slow(&wire(Faulty::start().await.address, wires).await);
    let began = Instant::now();
    assert_eq!(client.get_bytes(&path("a"), 1 << 20).await.unwrap(), bytes(2048));
    assert!(began.elapsed() > SILENCE, "longer than the limit for silence");
    let silent = client.get_bytes(&path("a"), 1 << 20).await;
    assert!(matches!(silent, Err(Error::Timeout { .. })), "{silent:?}");
}

#[tokio::test]
async fn slow_is_not_silent_on_the_way_there() {
    let (server, impatient) = faulty().await;
    // 3.2 s for all of it, and half a second for the 4 MB that may lie in the system's buffers, of which nobody is told.
    let client = client_of_the_slow(&format!("http://{}/", server.address));
    let body = bytes(32 << 20);
    server.next("PUT", [Fault::ReadsSlowly(1 << 20)]);
    let began = Instant::now();
    client.put_bytes(&path("a"), body.clone()).await.unwrap();
    assert!(began.elapsed() > SILENCE, "longer than the limit for silence");
    assert_eq!(server.asked("PUT").len(), 1, "not broken off");
    assert_eq!(client.get_bytes(&path("a"), 1 << 30).await.unwrap(), body);
    server.next("PUT", [Fault::Silent; 4]);
    let silent = impatient.put_bytes(&path("b"), body).await;
    assert!(matches!(silent, Err(Error::Timeout { .. })), "{silent:?}");
    assert_eq!(server.asked("PUT").len(), 4);
}

#[tokio::test]
async fn half_a_body_is_sent_again_and_never_taken_for_the_whole() {
    let server = Faulty::start().await;
    let base = wire(server.address, vec![Wire::CutAfter(200_000); 2]).await;
    let (name, body) = (path("a"), bytes(8 << 20));
    client(&base).publish_bytes(&name, body.clone(), Overwrite::Fail).await.unwrap();
    assert_eq!(client(&base).get_bytes(&name, 1 << 30).await.unwrap(), body);
    // A stream cannot be sent again: its owner is told.
    let base = wire(server.address, vec![Wire::CutAfter(200_000)]).await;
    let pieces: Vec<_> = body.chunks(65_536).map(|piece| Ok(Bytes::copy_from_slice(piece))).collect();
    let stream = futures_util::stream::iter(pieces);
    let cut = client(&base).publish_stream(&path("b"), body.len() as u64, stream, Overwrite::Fail).await;
    assert!(matches!(cut, Err(Error::Connection { .. })), "{cut:?}");
    assert_eq!(objects(&client(&base)).await, ["a"]);
}

/// Fewer bytes than announced, closed or reset; another range than asked for.
#[tokio::test]
async fn a_wrong_length_is_an_error_here() {
    let says = |head: &str, sent: usize, reset| {
        let mut answer = format!("HTTP/1.1 {head}\r\nconnection: close\r\n\r\n").into_bytes();
        answer.extend_from_slice(&bytes(sent));
        Wire::Says { pieces: vec![answer], pause: Duration::from_millis(50), reset }
    };
    let wires = vec![
        says("200 OK\r\ncontent-length: 1000", 500, false),
        says("200 OK\r\ncontent-length: 1000", 500, true),
        says("206 Partial Content\r\ncontent-length: 10\r\ncontent-range: bytes 5-14/99", 10, false),
        says("206 Partial Content\r\ncontent-length: 10\r\ncontent-range: bytes 0-19/99", 10, false),
        says("200 OK\r\ncontent-length: 15", 15, false),
    ];
    let client = client(&wire(Faulty::start().await.address, wires).await);
    for _ in 0..2 {
        let short = client.get_bytes(&path("a"), 1 << 20).await;
        assert!(matches!(short, Err(Error::Truncated { expected: 1000, got: 500, .. })), "{short:?}");
    }
    let other = client.get_range(&path("a"), 0..20).await;
    assert!(matches!(other, Err(Error::Range { .. })), "{other:?}");
    let mut short = client.get_range(&path("a"), 0..20).await.unwrap().stream;
    assert_eq!(short.next().await.unwrap().unwrap().len(), 10);
    assert!(matches!(short.next().await, Some(Err(Error::Truncated { expected: 20, got: 10, .. }))));
    // The whole, from a server that knows no ranges, is shorter than the range.
    let whole = client.get_range(&path("a"), 10..20).await.unwrap();
    assert_eq!(whole.length, Some(5), "and its length says so");
    assert_eq!(whole.stream.try_collect::<Vec<_>>().await.unwrap().concat(), bytes(15)[10..]);
}

#[tokio::test]
async fn created_with_none_of_its_bytes_is_no_success() {
    let (server, client) = faulty().await;
    client.publish_bytes(&path("a"), bytes(9), Overwrite::Fail).await.unwrap();
    for name in ["a", "b"] {
        server.next("PUT", [Fault::StoresNothing]);
        let lost = client.publish_bytes(&path(name), bytes(5000), Overwrite::Replace).await;
        let expected = matches!(lost, Err(Error::SizeMismatch { sent: 5000, stored: Some(0), .. }));
        assert!(expected, "{lost:?}");
    }
    assert_eq!(objects(&client).await, ["a"]);
    assert_eq!(client.get_bytes(&path("a"), 99).await.unwrap(), bytes(9), "the one that was there stays");
}

/// The answer to a MOVE is lost: what became of it decides, whether or not it may replace.
#[tokio::test]
async fn a_lost_move_is_looked_into() {
    let lost = [Fault::Silent, Fault::DoneButSilent];
    for (k, fault) in lost.into_iter().enumerate() {
        for overwrite in [Overwrite::Fail, Overwrite::Replace] {
            let (server, client) = faulty().await;
            if overwrite == Overwrite::Replace {
                client.publish_bytes(&path("to"), bytes(3), Overwrite::Fail).await.unwrap();
            }
            client.put_bytes(&path("from"), bytes(9)).await.unwrap();
            drop(server.asked("MOVE"));
            server.next("MOVE", [fault]);
            client.rename(&path("from"), &path("to"), overwrite).await.unwrap();
            assert_eq!(server.asked("MOVE").len(), 2 - k, "done once, {fault:?} {overwrite:?}");
            assert_eq!(objects(&client).await, ["to"]);
            assert_eq!(client.get_bytes(&path("to"), 99).await.unwrap(), bytes(9));
        }
    }
    // Never done, and the destination is somebody else's.
    let (server, client) = faulty().await;
    client.publish_bytes(&path("to"), bytes(3), Overwrite::Fail).await.unwrap();
    server.next("MOVE", [Fault::Silent]);
    let taken = client.publish_bytes(&path("to"), bytes(9), Overwrite::Fail).await;
    assert!(matches!(taken, Err(Error::Exists { .. })), "{taken:?}");
    assert_eq!(objects(&client).await, ["to"]);
    assert_eq!(client.get_bytes(&path("to"), 99).await.unwrap(), bytes(3));
}
