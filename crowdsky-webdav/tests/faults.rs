//! A server that answers one status: the typed error, and how often it was asked.

use crowdsky_webdav::{Client, Config, Credentials, Error, RemotePath};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

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
