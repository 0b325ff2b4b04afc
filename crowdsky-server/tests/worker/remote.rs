//! Work over HTTP, against a server on loopback that is slow or full.

use super::task;
use axum::extract::Request;
use axum::http::StatusCode;
use axum::routing::{post, put};
use axum::{Json, Router};
use crowdsky_server::jobs::{Made, SourceError, WorkSource};
use crowdsky_server::services::Delivery;
use crowdsky_server::storage::Artefact;
use crowdsky_server::store::JobKind;
use crowdsky_server::worker::{Patience, Remote, Terms};
use futures_util::StreamExt;
use std::time::{Duration, Instant};

/// A worker of the server with these routes: half a second of silence is enough for it, two of an upload.
async fn of(routes: Router) -> Remote {
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    // A slow reader is felt: left alone, the system takes in up to 32 MB before it is.
    socket.set_recv_buffer_size(256 << 10).unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let listener = socket.listen(1024).unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, routes).await });
    let patience = Patience {
        idle: Duration::from_millis(500),
        upload: Duration::from_secs(2),
        complete: Duration::from_secs(5),
    };
    let terms = Terms { patience, ..Terms::default() };
    Remote::new(&url, "csw_token".to_owned().into(), "attic".to_owned(), terms).unwrap()
}

/// An artefact of so many bytes.
fn made(folder: &tempfile::TempDir, size: usize) -> Made {
    let file = folder.path().join("stack.fits");
    std::fs::write(&file, vec![7; size]).unwrap();
    Made { artefact: Artefact::Stack, file, size: size as u64, sha256: [7; 32] }
}

const ARTEFACT: &str = "/api/v1/jobs/{id}/artifacts/{artefact}";

#[tokio::test]
async fn a_slow_line_delivers_and_a_dead_one_is_given_up() {
    // 3.2 s for all of it, and half a second for the 4 MB that may lie in the system's buffers, of which nobody is told.
    let slowly = put(|request: Request| async {
        let (mut got, mut body) = (0, request.into_body().into_data_stream());
        let mut due = 0;
        while let Some(piece) = body.next().await {
            got += piece.unwrap().len();
            while got >= due {
                tokio::time::sleep(Duration::from_millis(100)).await;
                due += 1 << 20;
            }
        }
        if got == 32 << 20 { StatusCode::NO_CONTENT } else { StatusCode::BAD_REQUEST }
    });
    let folder = tempfile::tempdir().unwrap();
    let artefact = made(&folder, 32 << 20);
    let begin = Instant::now();
    of(Router::new().route(ARTEFACT, slowly))
        .await
        .deliver(&task(1, JobKind::Stack), &artefact)
        .await
        .unwrap();
    assert!(begin.elapsed() > Duration::from_secs(2), "{:?}", begin.elapsed());
    let never = put(|request: Request| async {
        let _unread = request;
        std::future::pending::<StatusCode>().await
    });
    let begin = Instant::now();
    let dead = of(Router::new().route(ARTEFACT, never)).await;
    let dead = dead.deliver(&task(1, JobKind::Stack), &artefact).await;
    assert!(matches!(dead, Err(SourceError::Unavailable { .. })), "{dead:?}");
    assert!(begin.elapsed() < Duration::from_secs(20), "{:?}", begin.elapsed());
}

/// The server reads 200 MB back from its storage before it answers.
#[tokio::test]
async fn completion_takes_its_time() {
    let thinks = post(|| async {
        tokio::time::sleep(Duration::from_millis(1500)).await;
        Json(serde_json::json!({ "stack_id": 1 }))
    });
    let remote = of(Router::new().route("/api/v1/jobs/{id}/complete", thinks)).await;
    remote.complete(&task(1, JobKind::Stack), &Delivery::default()).await.unwrap();
}

#[tokio::test]
async fn a_full_server_has_no_room() {
    let folder = tempfile::tempdir().unwrap();
    let full = put(|| async { StatusCode::INSUFFICIENT_STORAGE });
    let remote = of(Router::new().route(ARTEFACT, full)).await;
    let told = remote.deliver(&task(1, JobKind::Stack), &made(&folder, 9)).await;
    assert!(matches!(told, Err(SourceError::NoRoom { .. })), "{told:?}");
}

#[test]
fn the_token_does_not_leave_the_machine_unencrypted() {
    let remote = |url: &str, allow_http| {
        let terms = Terms { allow_http, ..Terms::default() };
        Remote::new(url, "csw_hush".to_owned().into(), "attic".to_owned(), terms)
    };
    for url in
        ["https://sky.example.org", "http://127.0.0.1:8080", "http://localhost:8080", "http://[::1]:8080"]
    {
        assert!(remote(url, false).is_ok(), "{url}");
    }
    for url in [
        "http://sky.example.org",
        "http://192.168.0.7:8080",
        "http://localhost.example.org",
        "http://127.0.0.1.example.org",
    ] {
        let refused = remote(url, false).unwrap_err().to_string();
        assert!(refused.contains("https://") && refused.contains("worker.allow_http"), "{refused}");
        assert!(remote(url, true).is_ok(), "{url}");
    }
    let refused = remote("http://ada:hush@sky.example.org", false).unwrap_err().to_string();
    assert!(!refused.contains("hush"), "{refused}");
    assert!(remote("ftp://sky.example.org", true).is_err());
}
