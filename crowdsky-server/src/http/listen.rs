//! Connections: as many as allowed, none that says nothing for long, all ended in good order.

use crate::app::App;
use crate::config;
use axum::Router;
use axum::extract::ConnectInfo;
use hyper::server::conn::http1::Builder;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tower_http::add_extension::AddExtension;

/// Serves until `stop`; then requests may finish within `drain`.
///
/// A head that is not there within `header_timeout_s` ends its connection: five hundred clients that send a byte a second
/// hold five hundred sockets for half a minute and nothing else.
pub async fn serve(listener: TcpListener, router: Router, settings: &config::Http, stop: CancellationToken) {
    let connections = Arc::new(Semaphore::new(settings.max_connections));
    let graceful = GracefulShutdown::new();
    let header_timeout = settings.header_timeout_s.duration();
    loop {
        let permit = tokio::select! {
            () = stop.cancelled() => break,
            Ok(permit) = connections.clone().acquire_owned() => permit,
        };
        let (stream, peer) = tokio::select! {
            () = stop.cancelled() => break,
            accepted = listener.accept() => match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    refused(&error).await;
                    continue;
                }
            },
        };
        // Small answers should not wait for more to send.
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "no TCP_NODELAY");
        }
        let service = TowerToHyperService::new(AddExtension::new(router.clone(), ConnectInfo(peer)));
        // HTTP/1.1 alone: telling it from HTTP/2 would wait for first bytes without a limit, and proxies speak it.
        let mut builder = Builder::new();
        builder.timer(TokioTimer::new()).header_read_timeout(header_timeout);
        let connection = graceful.watch(builder.serve_connection(TokioIo::new(stream), service));
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%peer, error = %error, "a connection ended early");
            }
            drop(permit);
        });
    }
    drop(listener);
    if tokio::time::timeout(settings.drain_s.duration(), graceful.shutdown()).await.is_err() {
        tracing::warn!("some requests did not finish in time");
    }
}

/// Without file handles `accept` fails at once, again and again.
async fn refused(error: &io::Error) {
    tracing::warn!(%error, "a connection could not be accepted");
    tokio::time::sleep(Duration::from_millis(100)).await;
}

/// The address people use: what is configured, or where it listens.
pub fn public_url(app: &App, listening: SocketAddr) -> String {
    app.settings.http.public_url.clone().unwrap_or_else(|| format!("http://{listening}"))
}
