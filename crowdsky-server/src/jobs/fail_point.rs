//! Where a worker may be killed by a test: the process aborts at the named point, as if the power had gone.
//!
//! `CROWDSKY_FAIL_POINT=before_download|in_stack|after_upload|after_commit`. Without the variable nothing happens.

/// Aborts the process if the variable names this point.
pub(super) fn pass(point: &str) {
    if std::env::var_os("CROWDSKY_FAIL_POINT").is_some_and(|wanted| wanted == point) {
        tracing::error!(point, "killed at a fail point");
        std::process::abort();
    }
}
