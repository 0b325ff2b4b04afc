//! Role `worker`: claims jobs from a server and does them.

use super::logging;
use super::serve::{Place, block_on, signalled};
use crate::cli::exit::Failure;
use crate::cli::terminal;
use crate::config::{ArtifactMode, read_secret};
use crate::jobs::SourceError;
use crate::objects::Role;
use crate::storage;
use crate::worker::{self, Done, Plan, Remote, Terms};
use std::path::PathBuf;
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

const EXAMPLES: &str = "\
Examples:
  crowdsky worker --server https://sky.example.org --token-file token.txt --jobs 2
  crowdsky worker --server http://127.0.0.1:8080 --token-file token.txt --once

The token comes from `crowdsky worker-token new NAME` on the server. SIGTERM ends the worker: jobs that are not done within
`http.drain_s` are handed back. Exit status with --once: 0 a job was done, 1 there was none, or it failed.
";

/// Stacks for a server.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(in crate::cli) struct Args {
    #[command(flatten)]
    place: Place,
    /// Address of the server.
    #[arg(long, value_name = "URL")]
    server: Option<String>,
    /// File with the worker's token.
    #[arg(long, value_name = "FILE")]
    token_file: Option<PathBuf>,
    /// Do one round and end.
    #[arg(long)]
    once: bool,
    /// Jobs at once.
    #[arg(long, value_name = "N")]
    jobs: Option<u32>,
}

pub(super) fn run(args: &Args) -> Result<(), Failure> {
    let mut flags: Vec<(&str, toml::Value)> = Vec::new();
    if let Some(server) = &args.server {
        flags.push(("worker.server", server.clone().into()));
    }
    if let Some(file) = &args.token_file {
        flags.push(("worker.token_file", file.to_string_lossy().into_owned().into()));
    }
    if let Some(jobs) = args.jobs {
        flags.push(("worker.jobs", i64::from(jobs).into()));
    }
    let settings = args.place.settings(&flags)?;
    logging::start(&settings.log)?;
    let wish = &settings.worker;
    let server = wish.server.as_deref();
    let server = server.ok_or_else(|| Failure::Usage("give --server URL (or worker.server)".to_owned()))?;
    let token = read_secret("worker.token", wish.token.as_ref(), wish.token_file.as_deref())
        .map_err(|error| Failure::because(&error))?
        .ok_or_else(|| Failure::Usage("give --token-file FILE (or worker.token_file)".to_owned()))?;
    let direct = match wish.artifacts.mode {
        ArtifactMode::ViaServer => None,
        ArtifactMode::Direct => {
            let place = storage::place(Role::Stacks, &wish.artifacts.storage, &settings.data_dir());
            Some(place.map_err(|error| Failure::because(&error))?)
        }
    };
    let name = wish.name.clone().unwrap_or_else(worker::default_name);
    let terms = Terms { direct, allow_http: wish.allow_http, ..Terms::default() };
    let source = Remote::new(server, token, name, terms).map_err(|error| Failure::because(&error))?;
    let plan = Plan {
        jobs: wish.jobs,
        threads: wish.threads,
        scratch: wish.scratch.clone(),
        backoff_cap: wish.backoff_cap_s.duration(),
        once: args.once,
        drain: settings.http.drain_s.duration(),
    };
    let done = block_on(async {
        let stop = CancellationToken::new();
        let told = stop.clone();
        tokio::spawn(async move {
            signalled().await;
            told.cancel();
        });
        worker::work(Arc::new(source), &plan, stop)
            .await
            .map_err(|error: SourceError| Failure::because(&error))
    })?;
    if args.once {
        return after_one(done);
    }
    terminal::say(&format!("{} jobs completed, {} not", done.completed, done.other))
}

fn after_one(done: Done) -> Result<(), Failure> {
    match done {
        Done { completed: 1.., .. } => Ok(()),
        Done { other: 0, .. } => {
            terminal::complain("there was nothing to do");
            Err(Failure::Told(1))
        }
        _ => Err(Failure::Failed("the job was not completed; the server knows why".to_owned())),
    }
}
