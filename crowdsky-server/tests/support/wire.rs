//! A wire to a database server that breaks at a certain word.

use std::sync::{Arc, Mutex};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// The statement, with the byte before it that says "query": a new connection speaks of READ COMMITTED, which is none.
pub(crate) const COMMIT: &str = "\u{3}COMMIT";

/// A wire: what connects to `port` talks to the server, until it breaks.
#[derive(Debug)]
pub(crate) struct Wire {
    pub(crate) port: u16,
    word: Arc<Mutex<Option<&'static str>>>,
}

impl Wire {
    /// A wire to the server at this port of loopback.
    pub(crate) async fn to(server: u16) -> Wire {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let word: Arc<Mutex<Option<&'static str>>> = Arc::default();
        let wanted = word.clone();
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let word = wanted.clone();
                tokio::spawn(async move { carry(client, server, &word).await });
            }
        });
        Wire { port, word }
    }

    /// The next client that says this is heard, and gets no answer any more.
    pub(crate) fn break_after(&self, word: &'static str) {
        *self.word.lock().unwrap() = Some(word);
    }
}

async fn carry(mut client: TcpStream, server: u16, word: &Mutex<Option<&'static str>>) {
    let mut server = TcpStream::connect(("127.0.0.1", server)).await.unwrap();
    let (mut asked, mut told) = (vec![0; 64 << 10], vec![0; 64 << 10]);
    loop {
        tokio::select! {
            n = client.read(&mut asked) => {
                let Ok(n @ 1..) = n else { return };
                server.write_all(&asked[..n]).await.unwrap();
                let heard = |word: &str| asked[..n].windows(word.len()).any(|part| part == word.as_bytes());
                if word.lock().unwrap().take_if(|word| heard(word)).is_some() {
                    // It is done when the server says so, and nobody is told.
                    let _ = server.read(&mut told).await;
                    return;
                }
            }
            n = server.read(&mut told) => {
                let Ok(n @ 1..) = n else { return };
                if client.write_all(&told[..n]).await.is_err() {
                    return;
                }
            }
        }
    }
}
