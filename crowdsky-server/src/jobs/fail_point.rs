//! Where a worker may be killed by a test: the process aborts at the named point, as if the power had gone.
//!
//! `CROWDSKY_FAIL_POINT=before_download|in_stack|after_upload|after_commit`. Without the variable nothing happens. With
//! `CROWDSKY_FAIL_HOLD=FILE` beside it the worker is held there instead, as long as the file is there.

use std::path::Path;
use std::time::Duration;

/// Aborts the process, or holds this thread, if the variable names this point.
pub(super) fn pass(point: &str) {
    if std::env::var_os("CROWDSKY_FAIL_POINT").is_none_or(|wanted| wanted != point) {
        return;
    }
    let Some(file) = std::env::var_os("CROWDSKY_FAIL_HOLD") else {
        tracing::error!(point, "killed at a fail point");
        std::process::abort();
    };
    while Path::new(&file).exists() {
        tracing::warn!(point, "held at a fail point");
        std::thread::sleep(Duration::from_millis(100));
    }
}
