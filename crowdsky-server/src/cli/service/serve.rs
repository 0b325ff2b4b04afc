//! Role `serve`: web pages, the interface for programs, embedded workers, the janitor.

use super::logging;
use crate::app::App;
use crate::cli::exit::{Failure, causes};
use crate::cli::terminal;
use crate::config::{self, Settings};
use crate::http;
use crate::storage;
use crate::store;
use crate::telemetry;
use crate::worker::{self, Direct};
use sd_notify::NotifyState;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

const EXAMPLES: &str = "\
Examples:
  crowdsky serve
  crowdsky serve --data-dir /var/lib/crowdsky --listen 0.0.0.0:8080 --workers 2
  crowdsky serve --config /etc/crowdsky/config.toml

Without a configuration everything is kept in ./crowdsky-data: a SQLite database, raws, stacks. `listening on ADDRESS` is
printed when it is ready; SIGTERM or Ctrl-C ends it in good order.
";

/// Threads may end by themselves within this.
const LAST_BREATH: Duration = Duration::from_secs(1);

/// Serves the pages and the interface, and stacks what is uploaded.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(in crate::cli) struct Args {
    #[command(flatten)]
    pub(super) place: Place,
    /// Address and port to listen on; port 0 takes a free one.
    #[arg(long, value_name = "ADDRESS:PORT")]
    listen: Option<SocketAddr>,
    /// Jobs done at once in this process; 0 leaves them to `crowdsky worker` elsewhere.
    #[arg(long, value_name = "N")]
    workers: Option<u32>,
}

/// Which settings; the same for all roles of a server.
#[derive(Debug, Clone, Default, clap::Args)]
pub(super) struct Place {
    /// Settings, TOML [default: /etc/crowdsky/config.toml, if it is there].
    #[arg(long, global = true, value_name = "FILE.toml")]
    pub(super) config: Option<PathBuf>,
    /// Where everything is kept that has no place of its own [default: ./crowdsky-data].
    #[arg(long, global = true, value_name = "FOLDER")]
    pub(super) data_dir: Option<PathBuf>,
}

impl Place {
    /// The settings, with more flags.
    pub(super) fn settings(&self, more: &[(&str, toml::Value)]) -> Result<Settings, Failure> {
        let mut flags = more.to_vec();
        if let Some(folder) = &self.data_dir {
            flags.push(("data_dir", folder.to_string_lossy().into_owned().into()));
        }
        config::load(self.config.as_deref(), &flags).map_err(|error| Failure::because(&error))
    }
}

pub(super) fn run(args: &Args) -> Result<(), Failure> {
    let mut flags: Vec<(&str, toml::Value)> = Vec::new();
    if let Some(listen) = args.listen {
        flags.push(("http.listen", listen.to_string().into()));
    }
    if let Some(workers) = args.workers {
        flags.push(("worker.count", i64::from(workers).into()));
    }
    let settings = args.place.settings(&flags)?;
    logging::start(&settings.log)?;
    block_on(async {
        let running = Running::start(settings).await?;
        terminal::say(&format!("listening on {}", running.url))?;
        supervised(&[NotifyState::Ready]);
        let watchdog = tokio::spawn(watchdog());
        signalled().await;
        watchdog.abort();
        tracing::info!("told to end");
        supervised(&[NotifyState::Stopping]);
        running.end().await;
        Ok(())
    })
}

/// Tells systemd, where it has started this process.
fn supervised(state: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(state) {
        tracing::warn!(%error, "systemd could not be told");
    }
}

/// A sign of life for systemd, where the unit asks for one, twice as often as it must come.
async fn watchdog() {
    let Some(every) = sd_notify::watchdog_enabled() else { return };
    loop {
        supervised(&[NotifyState::Watchdog]);
        tokio::time::sleep(every / 2).await;
    }
}

/// Runs a role's future. What still runs in threads of its own then, a stack that nobody waits for, does not keep the process.
pub(super) fn block_on<T>(work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Failure::Failed(format!("cannot start: {error}")))?;
    let done = runtime.block_on(work);
    runtime.shutdown_timeout(LAST_BREATH);
    done
}

/// Rows and bytes, as the settings say. SQLite is brought up to date by itself; MariaDB, which others may use at the same
/// time, by `crowdsky migrate`.
pub(super) async fn open(settings: Settings) -> Result<App, Failure> {
    let data_dir = settings.data_dir();
    let rows =
        store::connect(&settings.database, &data_dir).await.map_err(|error| Failure::because(&error))?;
    let embedded = settings.database.url.as_deref().is_none_or(|url| url.starts_with("sqlite:"));
    if embedded {
        rows.migrate().await.map_err(|error| Failure::because(&error))?;
    }
    rows.ready().await.map_err(|error| Failure::because(&error))?;
    let blobs = storage::open(&settings.storage, &data_dir).map_err(|error| Failure::because(&error))?;
    Ok(App::new(settings, rows, blobs))
}

/// A server that runs.
pub(super) struct Running {
    /// Where it listens.
    pub(super) url: String,
    pub(super) app: App,
    tasks: TaskTracker,
    listening: CancellationToken,
}

impl Running {
    pub(super) async fn start(settings: Settings) -> Result<Running, Failure> {
        let app = open(settings).await?;
        for blobs in [&app.blobs.raws, &app.blobs.stacks] {
            blobs.probe().await.map_err(|error| Failure::because(&error))?;
        }
        let address = app.settings.http.listen;
        let listener = bind(address).await?;
        let local = listener.local_addr().map_err(|error| Failure::because(&error))?;
        let (tasks, listening) = (TaskTracker::new(), CancellationToken::new());
        tasks.spawn(telemetry::run(app.shutdown.clone()));
        if let Some(address) = app.settings.http.metrics_listen {
            let (listener, router) = (bind(address).await?, http::metrics_router(app.clone()));
            let (stop, http) = (listening.clone(), app.settings.http.clone());
            tasks.spawn(async move { http::listen::serve(listener, router, &http, stop).await });
        }
        let (router, stop, http) = (http::router(app.clone()), listening.clone(), app.settings.http.clone());
        tasks.spawn(async move { http::listen::serve(listener, router, &http, stop).await });
        let (upkeep, stop) = (app.upkeep.clone(), app.shutdown.clone());
        tasks.spawn(async move { upkeep.run(stop).await });
        start_worker(&app, &tasks);
        Ok(Running { url: format!("http://{local}"), app, tasks, listening })
    }

    /// No new jobs, running ones finished or handed back, requests finished.
    pub(super) async fn end(self) {
        // Workers first: they need the rows to hand their jobs back.
        self.app.shutdown.cancel();
        self.listening.cancel();
        self.tasks.close();
        self.tasks.wait().await;
        self.app.store.close().await;
    }
}

async fn bind(address: SocketAddr) -> Result<TcpListener, Failure> {
    TcpListener::bind(address).await.map_err(|error| {
        Failure::Failed(format!("cannot listen on {address}: {error}; choose another address"))
    })
}

fn start_worker(app: &App, tasks: &TaskTracker) {
    let settings = &app.settings.worker;
    if settings.count == 0 {
        return;
    }
    let name = settings.name.clone().unwrap_or_else(worker::default_name);
    let source = Arc::new(Direct::new(app.work.clone(), name));
    let plan = worker::Plan {
        jobs: settings.count,
        threads: settings.threads,
        scratch: settings.scratch.clone(),
        backoff_cap: settings.backoff_cap_s.duration(),
        once: false,
        drain: app.settings.http.drain_s.duration(),
    };
    let stop = app.shutdown.clone();
    tasks.spawn(async move {
        if let Err(error) = worker::work(source, &plan, stop).await {
            tracing::error!(error = causes(&error), "the embedded worker has ended");
        }
    });
}

/// Waits for SIGTERM or Ctrl-C.
pub(super) async fn signalled() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        match signal(SignalKind::terminate()) {
            Ok(mut terminate) => {
                tokio::select! {
                    _ = terminate.recv() => {}
                    _ = tokio::signal::ctrl_c() => {}
                }
                return;
            }
            Err(error) => tracing::warn!(%error, "SIGTERM cannot be caught"),
        }
    }
    if let Err(error) = tokio::signal::ctrl_c().await {
        // Better to end than to run without a way to be ended.
        tracing::error!(%error, "signals cannot be caught");
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::time::Instant;

    #[test]
    fn u01_a_role_ends_whatever_still_computes() {
        let begin = Instant::now();
        block_on(async {
            let (started, running) = tokio::sync::oneshot::channel();
            tokio::task::spawn_blocking(move || {
                started.send(()).unwrap();
                std::thread::sleep(Duration::from_secs(20));
            });
            running.await.unwrap();
            Ok(())
        })
        .unwrap();
        assert!(begin.elapsed() < Duration::from_secs(10), "{:?}", begin.elapsed());
    }
}
