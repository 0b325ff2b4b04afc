//! Where the server listens, and how it is reached.

use super::Seconds;
use serde::{Deserialize, Serialize};
use std::net::SocketAddr;

/// Settings of the HTTP server.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Http {
    /// Address and port; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Address and port of `/metrics`; on the main listener, for loopback only, if not set.
    pub metrics_listen: Option<SocketAddr>,
    /// How users reach it, `https://sky.example.org`. With https, cookies are `Secure` and HSTS is sent.
    pub public_url: Option<String>,
    /// Addresses of proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<std::net::IpAddr>,
    /// A request's head must be there within this.
    pub header_timeout_s: Seconds,
    /// Connections served at once; more wait.
    pub max_connections: usize,
    /// On SIGTERM: requests and jobs may finish within this.
    pub drain_s: Seconds,
}

impl Default for Http {
    fn default() -> Http {
        Http {
            listen: SocketAddr::from(([127, 0, 0, 1], 8080)),
            metrics_listen: None,
            public_url: None,
            trusted_proxies: Vec::new(),
            header_timeout_s: Seconds::new(30),
            max_connections: 4096,
            drain_s: Seconds::new(30),
        }
    }
}
