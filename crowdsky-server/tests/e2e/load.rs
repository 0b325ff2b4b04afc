//! Many at once: sixteen who upload, five hundred who say nothing.

use super::places::{Bytes, Places, Rows};
use super::server::Server;
use super::user::User;
use crowdsky_sim::{Night, NightOptions};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Files that each of the sixteen sends: 6 x 16 x 4.15 MB are 400 MB.
const FILES: usize = 6;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sixteen_uploaders_of_4_mb_files() {
    let places = Places::new(Rows::Sqlite, Bytes::Local).await;
    let server = Server::start(&places, "");
    let night = Night::new(NightOptions::default().stars(50).quiet().frames(1)).unwrap();
    let frame = Arc::new(night.fits_bytes(0).unwrap());
    assert_eq!(frame.len(), 4_152_960, "the size of a Seestar S50's raw frame");
    let mut users = Vec::new();
    for k in 0..16 {
        let user = User::register(&server.url, &format!("user{k}")).await;
        users.push((user.open().await, user));
    }
    let resting = resident_bytes(server.pid());
    let mut uploaders = Vec::new();
    for (k, (session, user)) in users.into_iter().enumerate() {
        let frame = frame.clone();
        uploaders.push(tokio::spawn(async move {
            for file in 0..FILES {
                let mut bytes = frame.to_vec();
                // Every file is another one: two bytes of its first pixels say which.
                bytes[5760] = k as u8;
                bytes[5762] = file as u8;
                let status = user.put(&session, &format!("Light_{k}_{file}.fit"), &bytes).await.unwrap();
                assert_eq!(status, 201);
            }
        }));
    }
    let mut most = resting;
    while uploaders.iter().any(|uploader| !uploader.is_finished()) {
        most = most.max(resident_bytes(server.pid()));
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    for uploader in uploaders {
        uploader.await.unwrap();
    }
    // The bodies are streamed: 16 buffers, not 16 files of 4 MB, let alone 400 MB.
    let grown = (most - resting) as f64 / 1e6;
    assert!(grown < 64.0, "{grown:.0} MB more than at rest, with {} MB there", resting / 1_000_000);
    let (status, report) = server.fsck();
    assert_eq!(status, 0, "{report:#}");
    assert_eq!(report["raws"].as_array().map(Vec::len), Some(16 * FILES));
}

/// What a page may take among five hundred slow connections. A server that they stop answers none before it drops the first of
/// them, and that is after 10 s: so much time has a body before its speed counts, and 15 s has the head of a request.
const A_PAGE: Duration = Duration::from_secs(8);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn five_hundred_slow_connections_stop_nobody() {
    let places = Places::new(Rows::Sqlite, Bytes::Local).await;
    let server =
        Server::start(&places, "[http]\nheader_timeout_s = 15\n[uploads]\nmin_bytes_per_second = 64\n");
    let user = User::register(&server.url, "ada").await;
    let address = server.url.strip_prefix("http://").unwrap().to_owned();
    let mut slow = Vec::new();
    for _ in 0..500 {
        let mut connection = TcpStream::connect(&address).await.unwrap();
        // Some begin a request, some an upload, some say nothing at all.
        let begin: &[u8] = match slow.len() % 3 {
            0 => b"GET /upload.php HTTP/1.1\r\nhost: x\r\nx-slow: ",
            1 => b"POST /login.php HTTP/1.1\r\nhost: x\r\ncontent-length: 1000\r\n\r\n",
            _ => b"",
        };
        connection.write_all(begin).await.unwrap();
        let silent = begin.is_empty();
        slow.push(tokio::spawn(async move {
            // A byte each second, until the server has enough of it.
            let begin = Instant::now();
            let mut answer = [0; 64];
            while begin.elapsed() < Duration::from_secs(90) {
                if !silent && connection.write_all(b"a").await.is_err() {
                    return true;
                }
                match tokio::time::timeout(Duration::from_secs(1), connection.read(&mut answer)).await {
                    Ok(Ok(0)) | Ok(Err(_)) => return true,
                    _ => {}
                }
            }
            false
        }));
    }
    for _ in 0..10 {
        let begin = Instant::now();
        assert_eq!(user.get("/upload.php").await.status(), 200);
        assert!(begin.elapsed() < A_PAGE, "{:?} for a page", begin.elapsed());
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    let mut dropped = 0;
    for connection in slow {
        dropped += usize::from(connection.await.unwrap());
    }
    assert_eq!(dropped, 500, "slow connections that the server has closed");
}

/// VmRSS of a process, bytes.
fn resident_bytes(pid: u32) -> usize {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    let kilobytes: usize = line.split_whitespace().nth(1).unwrap().parse().unwrap();
    kilobytes * 1024
}
