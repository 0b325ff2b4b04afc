//! Role `fsck`: whether rows and objects agree.

use super::serve::{Place, block_on, open};
use crate::cli::exit::Failure;
use crate::cli::terminal;
use crate::services::Fsck;

const EXAMPLES: &str = "\
Examples:
  crowdsky fsck
  crowdsky fsck --config /etc/crowdsky/config.toml --json > report.json
  crowdsky fsck --fix

Reads every object and compares size and SHA-256 with its row; --quick compares sizes only. --fix counts quotas anew and
puts objects that no row knows on the list of deletes; it never deletes what a row points at.
Exit status: 0 all is well (or mended), 1 something is wrong.
";

/// Compares the database with the storages.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(in crate::cli) struct Args {
    #[command(flatten)]
    place: Place,
    /// Mend what can be mended.
    #[arg(long)]
    fix: bool,
    /// Compare sizes only.
    #[arg(long)]
    quick: bool,
    /// Print the report as JSON.
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &Args) -> Result<(), Failure> {
    let settings = args.place.settings(&[])?;
    block_on(async {
        let app = open(settings).await?;
        let how = Fsck { fix: args.fix, quick: args.quick };
        let report = app.upkeep.fsck(how).await.map_err(|error| Failure::because(&error))?;
        app.store.close().await;
        if args.json {
            terminal::say_json(&report)?;
        } else {
            for problem in &report.problems {
                let mended = if problem.fixed { " (mended)" } else { "" };
                terminal::say(&format!("{}: {}{mended}", problem.kind, problem.detail))?;
            }
            let mb = report.bytes / 1_000_000;
            let (raws, stacks) = (report.raws.len(), report.stack_objects);
            let wrong = report.problems.iter().filter(|problem| !problem.fixed).count();
            terminal::say(&format!("{raws} raws, {stacks} objects of stacks, {mb} MB, {wrong} problems"))?;
        }
        if report.is_clean() { Ok(()) } else { Err(Failure::Told(1)) }
    })
}
