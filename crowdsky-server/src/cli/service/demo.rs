//! Role `demo`: the whole system in one go, on an empty machine.

use super::logging;
use super::serve::{Running, block_on, signalled};
use crate::cli::exit::{Failure, causes};
use crate::cli::terminal;
use crate::config::Settings;
use crate::secret::{hex, random_hex, sha256};
use crowdsky_core::UtcTime;
use crowdsky_sim::{Night, NightOptions};
use reqwest::{Client, Method, RequestBuilder, Response};
use serde_json::{Value as Json, json};
use std::path::PathBuf;
use std::time::{Duration, Instant};

const EXAMPLES: &str = "\
Examples:
  crowdsky demo
  crowdsky demo --once
  crowdsky demo --frames 40 --data-dir demo-data

Starts a server with its worker, registers a user, simulates two chunks of frames, uploads them over HTTP as a browser does,
and waits for the stacks. Then it stays up, so that you can look at them; Ctrl-C ends it.
";

/// Name of the user that is registered.
const USER: &str = "demo";
/// Longest wait for the stacks.
const PATIENCE: Duration = Duration::from_secs(600);

/// Shows the whole system: server, worker, upload, stacks.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(in crate::cli) struct Args {
    /// End when the stacks are there: 0, or 1 if one failed.
    #[arg(long)]
    once: bool,
    /// Frames of each of the two chunks.
    #[arg(long, value_name = "N", default_value_t = 12, value_parser = clap::value_parser!(u32).range(3..=75))]
    frames: u32,
    /// Where to keep everything [default: a folder that is gone afterwards].
    #[arg(long, value_name = "FOLDER")]
    data_dir: Option<PathBuf>,
}

pub(super) fn run(args: &Args) -> Result<(), Failure> {
    let mut settings = Settings::default();
    settings.log.filter = "warn".to_owned();
    settings.http.listen.set_port(if args.once { 0 } else { 8080 });
    logging::start(&settings.log)?;
    let temporary = match &args.data_dir {
        Some(folder) => {
            settings.data_dir = Some(folder.clone());
            None
        }
        None => {
            let folder = tempfile::Builder::new().prefix("crowdsky-demo-").tempdir();
            let folder =
                folder.map_err(|error| Failure::Failed(format!("no folder for the demo: {error}")))?;
            settings.data_dir = Some(folder.path().to_owned());
            Some(folder)
        }
    };
    let done = block_on(show(settings, args));
    drop(temporary);
    done
}

async fn show(settings: Settings, args: &Args) -> Result<(), Failure> {
    let running = start(settings).await?;
    terminal::say(&format!("The server runs at {}", running.url))?;
    let password = random_hex::<6>();
    let shown = tokio::select! {
        shown = story(&running.url, &password, args.frames) => shown,
        () = signalled() => Err(Failure::Failed("interrupted".to_owned())),
    };
    if shown.is_ok() && !args.once {
        terminal::say(&format!(
            "\nLook at the stacks: {}/stacks.php\nSign in as {USER} with the password {password}\nCtrl-C ends the demo.",
            running.url
        ))?;
        signalled().await;
    }
    running.end().await;
    shown
}

/// On port 8080, or on any other if somebody has it.
async fn start(settings: Settings) -> Result<Running, Failure> {
    let mut elsewhere = settings.clone();
    elsewhere.http.listen.set_port(0);
    match Running::start(settings).await {
        Ok(running) => Ok(running),
        Err(_) => Running::start(elsewhere).await,
    }
}

async fn story(url: &str, password: &str, frames: u32) -> Result<(), Failure> {
    let browser = Browser::register(url, password).await?;
    let mut chunks = Vec::new();
    for (object, ra, dec, start, seed) in [
        ("NGC 188", 11.75, 85.25, "2026-03-01T20:00:05", 1),
        ("M 31", 10.68, 41.27, "2026-03-01T20:15:05", 2),
    ] {
        let options = NightOptions::default()
            .frames(frames as usize)
            .object(object)
            .ra(ra)
            .dec(dec)
            .start(start)
            .seed(seed);
        let night = Night::new(options).map_err(|error| Failure::because(&error))?;
        chunks.push((object, std::sync::Arc::new(night)));
    }
    let session = browser.json(browser.request(Method::POST, "/api/v1/uploads").json(&json!({}))).await?;
    let token = session["token"].as_str().unwrap_or_default().to_owned();
    for (object, night) in &chunks {
        terminal::say(&format!("Simulating and uploading {frames} frames of {object} ..."))?;
        for k in 0..night.frame_count() {
            let night = night.clone();
            let made = tokio::task::spawn_blocking(move || {
                let name = night.truth().frames[k].file_name.clone();
                night.fits_bytes(k).map(|bytes| (name, bytes))
            });
            let made = made.await.map_err(|error| Failure::because(&error))?;
            let (name, bytes) = made.map_err(|error| Failure::because(&error))?;
            let hash = hex(&sha256(&bytes));
            let put = browser.request(Method::PUT, &format!("/api/v1/uploads/{token}/files/{hash}"));
            browser.json(put.query(&[("name", name)]).body(bytes)).await?;
        }
    }
    let planned =
        browser.json(browser.request(Method::POST, &format!("/api/v1/uploads/{token}/finalize"))).await?;
    let jobs = planned["jobs"].as_array().map_or(0, Vec::len);
    terminal::say(&format!("{jobs} jobs are queued; stacking ..."))?;
    let stacks = wait(&browser, &token, jobs).await?;
    table(&stacks)
}

/// Waits until every job has ended; each as it is told at the end.
async fn wait(browser: &Browser, token: &str, expected: usize) -> Result<Vec<Json>, Failure> {
    let begin = Instant::now();
    loop {
        let jobs =
            browser.json(browser.request(Method::GET, &format!("/api/v1/jobs?session={token}"))).await?;
        let jobs = jobs["jobs"].as_array().cloned().unwrap_or_default();
        if let Some(failed) = jobs.iter().find(|job| job["status"] == "failed") {
            let why = failed["error_message"].as_str().unwrap_or("no reason is known");
            return Err(Failure::Failed(format!("the job of {} failed: {why}", failed["object_name"])));
        }
        if jobs.len() == expected && jobs.iter().all(|job| job["status"] == "completed") {
            let stacks = browser.json(browser.request(Method::GET, "/api/v1/stacks")).await?;
            let mut stacks = stacks["stacks"].as_array().cloned().unwrap_or_default();
            for stack in &mut stacks {
                let job = jobs.iter().find(|job| job["stack_id"] == stack["id"]);
                stack["seconds"] = job.and_then(seconds).map_or(Json::Null, Json::from);
            }
            return Ok(stacks);
        }
        if begin.elapsed() > PATIENCE {
            return Err(Failure::Failed(format!("the stacks are not there after {} s", PATIENCE.as_secs())));
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

/// From the claim to the end of a job.
fn seconds(job: &Json) -> Option<f64> {
    let instant = |name: &str| UtcTime::parse_date_obs(job[name].as_str()?).ok();
    Some(instant("completed_at")?.seconds_since(instant("started_at")?))
}

fn table(stacks: &[Json]) -> Result<(), Failure> {
    let row = |cells: [String; 7]| {
        let [chunk, object, frames, aligned, stars, fwhm, seconds] = cells;
        terminal::say(&format!(
            "{chunk:<26} {object:<10} {frames:>6} {aligned:>8} {stars:>6} {fwhm:>8} {seconds:>8}"
        ))
    };
    let heads = ["chunk", "object", "frames", "aligned", "stars", "FWHM px", "seconds"];
    row(heads.map(str::to_owned))?;
    for stack in stacks {
        let text = |name: &str| stack[name].as_str().unwrap_or("-").to_owned();
        let count = |name: &str| stack[name].as_i64().map_or("-".to_owned(), |n| n.to_string());
        let decimal = |name: &str| stack[name].as_f64().map_or("-".to_owned(), |n| format!("{n:.2}"));
        row([
            text("chunk_key"),
            text("object_name"),
            count("n_frames_input"),
            count("n_frames_aligned"),
            count("n_stars_detected"),
            decimal("fwhm_px"),
            decimal("seconds"),
        ])?;
    }
    if stacks.is_empty() {
        return Err(Failure::Failed("no stack was made".to_owned()));
    }
    Ok(())
}

/// What a browser does: a cookie, and the form token with everything that changes something.
struct Browser {
    http: Client,
    url: String,
    cookie: String,
    csrf: String,
}

impl Browser {
    async fn register(url: &str, password: &str) -> Result<Browser, Failure> {
        crate::tls::install();
        let http = Client::builder().redirect(reqwest::redirect::Policy::none()).build();
        let http = http.map_err(|error| Failure::because(&error))?;
        let mut browser = Browser { http, url: url.to_owned(), cookie: String::new(), csrf: String::new() };
        browser.look("/login.php").await?;
        let enter = async |browser: &Browser, action: &str| {
            let email = format!("{USER}@example.org");
            let form = [
                ("csrf_token", browser.csrf.as_str()),
                ("form_action", action),
                ("username", USER),
                ("email", &email),
                ("password", password),
            ];
            let answer = browser.request(Method::POST, "/login.php").form(&form).send().await;
            answer.map_err(|error| Failure::because(&error))
        };
        let answer = enter(&browser, "register").await?;
        if answer.status().as_u16() != 302 {
            let why =
                "the demo user could not be registered; give another --data-dir, or leave it out".to_owned();
            return Err(Failure::Failed(why));
        }
        browser.take_cookie(&answer);
        browser.look("/account.php").await?;
        Ok(browser)
    }

    fn take_cookie(&mut self, answer: &Response) {
        let set =
            answer.headers().get_all("set-cookie").iter().next_back().and_then(|value| value.to_str().ok());
        if let Some(pair) = set.and_then(|set| set.split(';').next()) {
            pair.clone_into(&mut self.cookie);
        }
    }

    /// Reads a page for its form token.
    async fn look(&mut self, path: &str) -> Result<(), Failure> {
        let answer =
            self.request(Method::GET, path).send().await.map_err(|error| Failure::because(&error))?;
        self.take_cookie(&answer);
        let page = answer.text().await.map_err(|error| Failure::because(&error))?;
        let token =
            page.split("name=\"csrf-token\" content=\"").nth(1).and_then(|rest| rest.split('"').next());
        self.csrf =
            token.ok_or_else(|| Failure::Failed(format!("the page {path} has no form token")))?.to_owned();
        Ok(())
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.http.request(method, format!("{}{path}", self.url));
        request.header("cookie", &self.cookie).header("x-csrf-token", &self.csrf)
    }

    async fn json(&self, request: RequestBuilder) -> Result<Json, Failure> {
        let answer = request.send().await.map_err(|error| Failure::Failed(causes(&error)))?;
        let (status, text) =
            (answer.status(), answer.text().await.map_err(|error| Failure::because(&error))?);
        if !status.is_success() {
            return Err(Failure::Failed(format!("the server says {status}: {text}")));
        }
        serde_json::from_str(&text).map_err(|error| Failure::because(&error))
    }
}
