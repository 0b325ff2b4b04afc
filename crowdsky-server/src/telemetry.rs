//! Figures for Prometheus: counted where things happen, and read from the database when somebody asks.

use crate::app::App;
use crate::objects::Role;
use crate::store::JobState;
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use std::sync::OnceLock;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// Upper bounds of the buckets for times, seconds: a page takes milliseconds, a stack a minute.
const SECONDS: [f64; 12] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 60.0, 300.0];
/// How often samples of histograms are put into their buckets; until then each one is kept.
const DRAIN_EVERY: Duration = Duration::from_secs(5);
/// The process's figures; `None` if another library of this process has claimed them.
fn handle() -> Option<&'static PrometheusHandle> {
    static HANDLE: OnceLock<Option<PrometheusHandle>> = OnceLock::new();
    let install = || {
        let builder = PrometheusBuilder::new().set_buckets(&SECONDS);
        let handle = builder.and_then(PrometheusBuilder::install_recorder);
        if let Err(error) = &handle {
            tracing::error!(%error, "there will be no figures at /metrics");
        }
        handle.ok()
    };
    HANDLE.get_or_init(install).as_ref()
}

/// Starts counting, and tidies up until `stop`. What happens before is not counted.
pub async fn run(stop: CancellationToken) {
    let Some(handle) = handle() else { return };
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(DRAIN_EVERY) => handle.run_upkeep(),
        }
    }
}

/// All figures in Prometheus' text format; what the database or a storage does not tell is left out, and counted as such.
pub async fn render(app: &App) -> String {
    let handle = handle();
    queue(app).await;
    free(app).await;
    handle.map(PrometheusHandle::render).unwrap_or_default()
}

/// What lies in the queue and in the outbox.
async fn queue(app: &App) {
    let seconds = |span: Option<Duration>| span.unwrap_or_default().as_secs_f64();
    match app.store.queue().await {
        Ok(queue) => {
            // Of every state, so that one without jobs shows as 0 and not as a gap.
            for state in JobState::ALL {
                let count =
                    queue.jobs.iter().find(|(known, _)| *known == state).map_or(0, |(_, count)| *count);
                metrics::gauge!("crowdsky_jobs", "state" => state.as_str()).set(count as f64);
            }
            metrics::gauge!("crowdsky_oldest_ready_job_seconds").set(seconds(queue.oldest_ready));
        }
        Err(error) => untold("queue", &error),
    }
    match app.store.outbox().await {
        Ok(outbox) => {
            metrics::gauge!("crowdsky_outbox_pending").set(outbox.pending as f64);
            metrics::gauge!("crowdsky_outbox_oldest_seconds").set(seconds(outbox.overdue));
        }
        Err(error) => untold("outbox", &error),
    }
}

/// What the storages have left, where they say so.
async fn free(app: &App) {
    for role in [Role::Raws, Role::Stacks] {
        match app.blobs.of(role).free().await {
            Ok(Some(bytes)) => {
                metrics::gauge!("crowdsky_free_bytes", "storage" => role.as_str()).set(bytes as f64)
            }
            Ok(None) => {}
            Err(error) => untold(role.as_str(), &error),
        }
    }
}

fn untold(what: &'static str, error: &dyn std::error::Error) {
    tracing::warn!(what, %error, "a figure could not be had");
    metrics::counter!("crowdsky_figures_missing_total", "what" => what).increment(1);
}
