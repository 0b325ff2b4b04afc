//! Role `user`: accounts, as the operator manages them.

use super::serve::{Place, block_on, open};
use crate::cli::exit::Failure;
use crate::cli::terminal;
use crate::services::Registration;
use crate::store::Tier;
use clap::Subcommand;
use std::io::{BufRead, stdin};

const EXAMPLES: &str = "\
Examples:
  crowdsky user add ada --email ada@example.org < password.txt
  crowdsky user passwd ada < password.txt
  crowdsky user disable ada
  crowdsky user tier ada pro
  crowdsky user log --limit 20

Passwords are read from standard input: one line. A new password or a disabled account ends all sessions of the user.
";

/// Adds and manages users.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(in crate::cli) struct Args {
    #[command(flatten)]
    place: Place,
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Clone, Subcommand)]
enum What {
    /// Adds a user; the password comes from standard input.
    Add {
        /// 3 to 64 characters, no @.
        name: String,
        /// Address.
        #[arg(long)]
        email: String,
    },
    /// Sets a password, from standard input.
    Passwd {
        /// Who.
        name: String,
    },
    /// Locks a user out.
    Disable {
        /// Who.
        name: String,
    },
    /// Lets a user in again.
    Enable {
        /// Who.
        name: String,
    },
    /// Sets what a user may store: free, pro or raw.
    Tier {
        /// Who.
        name: String,
        /// Which.
        tier: String,
    },
    /// Lists all users.
    List,
    /// Prints the audit log, latest first: when, whom it concerns, what, which request.
    Log {
        /// Entries at most.
        #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(i64).range(1..))]
        limit: i64,
    },
}

pub(super) fn run(args: &Args) -> Result<(), Failure> {
    let settings = args.place.settings(&[])?;
    block_on(async {
        let app = open(settings).await?;
        let failed = |error: crate::services::Error| Failure::because(&error);
        match &args.what {
            What::Add { name, email } => {
                let (username, email, password) = (name.clone(), email.clone(), password()?);
                app.accounts.add_user(&Registration { username, email, password }).await.map_err(failed)?;
                terminal::say("added")?;
            }
            What::Passwd { name } => {
                app.accounts.reset_password(name, &password()?).await.map_err(failed)?;
                terminal::say("the password is set; all sessions have ended")?;
            }
            What::Disable { name } => {
                app.accounts.set_active(name, false).await.map_err(failed)?;
                terminal::say("disabled; all sessions have ended")?;
            }
            What::Enable { name } => {
                app.accounts.set_active(name, true).await.map_err(failed)?;
                terminal::say("enabled")?;
            }
            What::Tier { name, tier } => {
                let tier = Tier::parse(tier).ok_or_else(|| {
                    Failure::Usage(format!("there is no tier {tier:?}: give free, pro or raw"))
                })?;
                app.accounts.set_tier(name, tier).await.map_err(failed)?;
                terminal::say("set")?;
            }
            What::Log { limit } => {
                for (when, entry) in
                    app.store.audit_log(*limit).await.map_err(|error| Failure::because(&error))?
                {
                    let (when, user) =
                        (when.to_datetime(), entry.user_id.map_or("-".to_owned(), |id| id.to_string()));
                    let request = entry.request_id.unwrap_or_else(|| "-".to_owned());
                    terminal::say(&format!(
                        "{when}\tuser {user}\t{}\t{}\trequest {request}",
                        entry.event, entry.detail
                    ))?;
                }
            }
            What::List => {
                for user in app.store.users().await.map_err(|error| Failure::because(&error))? {
                    let (used, limit) = (user.storage_used / 1_000_000, user.storage_limit / 1_000_000);
                    let state = if user.is_active { "active" } else { "disabled" };
                    let tier = user.tier.as_str();
                    terminal::say(&format!(
                        "{}\t{}\t{tier}\t{used} of {limit} MB\t{state}",
                        user.username, user.email
                    ))?;
                }
            }
        }
        app.store.close().await;
        Ok(())
    })
}

fn password() -> Result<String, Failure> {
    let mut line = String::new();
    stdin().lock().read_line(&mut line).map_err(|error| Failure::because(&error))?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}
