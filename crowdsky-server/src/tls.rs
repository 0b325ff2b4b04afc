//! One TLS library for the database and for HTTP: rustls over ring.

/// Makes ring the process's choice, unless somebody has chosen before. Clients cannot be built without one.
pub fn install() {
    if rustls::crypto::CryptoProvider::get_default().is_none() {
        // Somebody may have been faster; then there is one, and that is all that is asked.
        let _ = rustls::crypto::ring::default_provider().install_default();
    }
}
