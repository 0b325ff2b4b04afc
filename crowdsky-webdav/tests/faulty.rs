//! A WebDAV server that fails as it is told, and a wire that is cut.

use axum::body::Body;
use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use dav_server::{DavHandler, memfs::MemFs};
use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};

/// What befalls a request.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Fault {
    /// Not done; this status and, in seconds, `Retry-After`.
    Status(u16, u64),
    /// Done, and nothing is said.
    DoneButSilent,
    /// Not done, and nothing is said.
    Silent,
    /// The object is made with none of its bytes, and all is said to be well.
    StoresNothing,
    /// The body is read at this rate: bytes in a tenth of a second.
    ReadsSlowly(usize),
}

/// A server whose next faults are listed by method, and which knows when it was asked what.
#[derive(Clone)]
pub(crate) struct Faulty {
    dav: DavHandler,
    faults: Arc<Mutex<VecDeque<(&'static str, Fault)>>>,
    asked: Arc<Mutex<Vec<(String, Instant)>>>,
    pub(crate) address: SocketAddr,
}

impl Faulty {
    pub(crate) async fn start() -> Faulty {
        let socket = TcpSocket::new_v4().unwrap();
        // A slow reader is felt: left alone, the system takes in up to 32 MB before it is.
        socket.set_recv_buffer_size(256 << 10).unwrap();
        socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let listener = socket.listen(1024).unwrap();
        let dav = DavHandler::builder().filesystem(MemFs::new()).build_handler();
        let address = listener.local_addr().unwrap();
        let server = Faulty { dav, faults: Arc::default(), asked: Arc::default(), address };
        let one = server.clone();
        let app = axum::Router::new().fallback(move |request| one.clone().answer(request));
        tokio::spawn(async move { axum::serve(listener, app).await });
        server
    }

    /// The next requests with this method meet these.
    pub(crate) fn next(&self, method: &'static str, faults: impl IntoIterator<Item = Fault>) {
        self.faults.lock().unwrap().extend(faults.into_iter().map(|fault| (method, fault)));
    }

    /// When it was asked to do this, since the last question.
    pub(crate) fn asked(&self, method: &str) -> Vec<Instant> {
        let asked = std::mem::take(&mut *self.asked.lock().unwrap());
        asked.into_iter().filter(|(name, _)| name == method).map(|(_, when)| when).collect()
    }

    /// Whether every fault has befallen something: a test that met none shows nothing.
    pub(crate) fn has_failed_as_told(&self) -> bool {
        self.faults.lock().unwrap().is_empty()
    }

    async fn answer(self, request: Request) -> Response {
        let method = request.method().to_string();
        self.asked.lock().unwrap().push((method.clone(), Instant::now()));
        let fault = {
            let mut faults = self.faults.lock().unwrap();
            let at = faults.iter().position(|(wanted, _)| *wanted == method);
            at.and_then(|at| faults.remove(at)).map(|(_, fault)| fault)
        };
        match fault {
            None => self.done(request).await,
            Some(Fault::Status(status, seconds)) => {
                let status = axum::http::StatusCode::from_u16(status).unwrap();
                (status, [("retry-after", seconds.to_string())]).into_response()
            }
            Some(Fault::DoneButSilent) => {
                self.done(request).await;
                std::future::pending().await
            }
            Some(Fault::Silent) => std::future::pending().await,
            Some(Fault::StoresNothing) => {
                let (mut head, body) = request.into_parts();
                axum::body::to_bytes(body, 1 << 30).await.unwrap();
                head.headers.insert("content-length", 0.into());
                self.done(Request::from_parts(head, Body::empty())).await
            }
            Some(Fault::ReadsSlowly(rate)) => {
                let (head, body) = request.into_parts();
                let (mut all, mut due, mut body) = (Vec::new(), rate, body.into_data_stream());
                while let Some(piece) = futures_util::StreamExt::next(&mut body).await {
                    all.extend_from_slice(&piece.unwrap());
                    while all.len() >= due {
                        tokio::time::sleep(Duration::from_millis(100)).await;
                        due += rate;
                    }
                }
                self.done(Request::from_parts(head, Body::from(all))).await
            }
        }
    }

    async fn done(&self, request: Request) -> Response {
        self.dav.handle(request).await.map(Body::new)
    }
}

/// What happens on a connection.
#[derive(Clone, Debug)]
pub(crate) enum Wire {
    /// Reset when so many bytes have come from the client.
    CutAfter(usize),
    /// This is the answer to whatever is asked, piece by piece, a pause after each; then the connection is closed, or reset.
    Says { pieces: Vec<Vec<u8>>, pause: Duration, reset: bool },
}

/// A wire to `behind`: the first connections fare as `wires` say, later ones well. Its address.
pub(crate) async fn wire(behind: SocketAddr, wires: Vec<Wire>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}/", listener.local_addr().unwrap());
    tokio::spawn(async move {
        let mut wires = wires.into_iter();
        while let Ok((client, _)) = listener.accept().await {
            tokio::spawn(carry(client, behind, wires.next()));
        }
    });
    base
}

async fn carry(mut client: TcpStream, behind: SocketAddr, fate: Option<Wire>) {
    let mut buffer = vec![0; 16 << 10];
    match fate {
        None => {
            let mut server = TcpStream::connect(behind).await.unwrap();
            // Whoever hangs up first has had enough.
            let _ = tokio::io::copy_bidirectional(&mut client, &mut server).await;
        }
        Some(Wire::CutAfter(limit)) => {
            let mut got = 0;
            while got < limit {
                got += client.read(&mut buffer).await.unwrap();
            }
            client.set_zero_linger().unwrap();
        }
        Some(Wire::Says { pieces, pause, reset }) => {
            let asked = client.read(&mut buffer).await.unwrap();
            assert!(asked > 0, "hung up without a question");
            for piece in pieces {
                if client.write_all(&piece).await.is_err() {
                    return;
                }
                tokio::time::sleep(pause).await;
            }
            if reset {
                client.set_zero_linger().unwrap();
            }
        }
    }
}
