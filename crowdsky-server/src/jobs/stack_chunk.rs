//! One chunk to one stack: fetch, stack, encode, deliver.

use super::again::again;
use super::{Bench, JobError, Made, Progress, Task, WorkSource, fail_point, fetch, scratch};
use crate::secret::sha256;
use crate::services::{Delivered, Delivery, Facts};
use crate::storage::Artefact;
use crate::store::Micros;
use crowdsky_stack::files::{FileSource, Layout, WriteOptions, write_fits};
use crowdsky_stack::{Error, Stack, StackOptions, StackReport, StackStar, Stage, stack, thumbnail};
use serde_json::{Value as Json, json};
use std::path::{Path, PathBuf};
use tokio_util::sync::CancellationToken;

/// Longest side of a thumbnail, pixels.
const THUMBNAIL: usize = 512;
/// How far a job is when its frames are there, and when its stack is made.
const FETCHED: f64 = 0.3;
const STACKED: f64 = 0.9;

/// Does the job.
pub(super) async fn run(source: &dyn WorkSource, task: &Task, bench: &Bench) -> Result<(), JobError> {
    fail_point::pass("before_download");
    let frames = source.frames(task).await?;
    if frames.is_empty() {
        return Err(JobError::failed("no_files", "The job has no frames any more.", false));
    }
    let folder = scratch(bench)?;
    let raws = folder.path().join("frames");
    std::fs::create_dir(&raws).map_err(|error| JobError::failed("worker_error", error.to_string(), true))?;
    let count = frames.len() as f64;
    let fetched = |k: usize| bench.progress.set(FETCHED * k as f64 / count);
    let files = fetch::frames(source, task, &frames, &raws, bench, fetched).await?;
    if bench.stop.is_cancelled() {
        return Err(JobError::Stopped);
    }
    let (threads, out) = (bench.threads, folder.path().to_owned());
    let told = Told { progress: bench.progress.clone(), stop: bench.stop.clone() };
    let made = tokio::task::spawn_blocking(move || make(files, threads, &told, &out)).await;
    let (made, facts) =
        made.map_err(|error| JobError::failed("worker_error", format!("the stacker died: {error}"), true))??;
    for made in &made {
        again(bench, || source.deliver(task, made)).await?;
    }
    fail_point::pass("after_upload");
    let delivered = |made: &Made| Delivered {
        artefact: made.artefact,
        size: made.size,
        sha256: Some(crate::secret::hex(&made.sha256)),
    };
    let delivery = Delivery { facts, artefacts: made.iter().map(delivered).collect() };
    again(bench, || source.complete(task, &delivery)).await?;
    fail_point::pass("after_commit");
    bench.progress.set(1.0);
    Ok(())
}

/// The computation: files in, files out. The planes and stars are those of `crowdsky stack` on the same frames.
fn make(
    files: Vec<PathBuf>,
    threads: usize,
    told: &Told,
    out: &Path,
) -> Result<(Vec<Made>, Facts), JobError> {
    let source = FileSource::new(files, None);
    let stack = stack(&source, &StackOptions::default().threads(threads), told).map_err(of_the_stacker)?;
    let paths = [
        (Artefact::Stack, out.join("stack.fits")),
        (Artefact::Thumbnail, out.join("thumbnail.png")),
        (Artefact::Stars, out.join("stars.json")),
    ];
    write_fits(&stack, &paths[0].1, &WriteOptions::default().layout(Layout::Rgb)).map_err(of_the_stacker)?;
    thumbnail::render(&stack, THUMBNAIL).write_png(&paths[1].1, false).map_err(of_the_stacker)?;
    let disk =
        |error: std::io::Error| JobError::failed("worker_error", format!("the worker's disk: {error}"), true);
    std::fs::write(&paths[2].1, star_table(&stack).to_string()).map_err(disk)?;
    let mut made = Vec::new();
    for (artefact, file) in paths {
        let bytes = std::fs::read(&file).map_err(disk)?;
        made.push(Made { artefact, size: bytes.len() as u64, sha256: sha256(&bytes), file });
    }
    Ok((made, facts(&stack)))
}

/// What the stacker's end means for the job.
fn of_the_stacker(error: Error) -> JobError {
    match error {
        Error::NothingToStack { accepted, given, report } => {
            let code =
                if accepted == 0 && nothing_readable(&report) { "bad_input" } else { "too_few_aligned" };
            let message = format!(
                "{accepted} of {given} frames can be stacked; two are needed.{}",
                first_reasons(&report)
            );
            JobError::failed(code, message, false)
        }
        Error::Stopped => JobError::Stopped,
        Error::NoFrames => JobError::failed("no_files", "The job has no frames.", false),
        other => JobError::failed("worker_error", other.to_string(), true),
    }
}

fn nothing_readable(report: &StackReport) -> bool {
    report.frames.iter().all(|frame| frame.n_stars == 0 && !frame.accepted)
}

/// The commonest reasons, for people.
fn first_reasons(report: &StackReport) -> String {
    let mut reasons: Vec<(&str, usize)> = Vec::new();
    for frame in &report.frames {
        let Some(reason) = frame.reason else { continue };
        match reasons.iter_mut().find(|(name, _)| *name == reason.as_str()) {
            Some((_, count)) => *count += 1,
            None => reasons.push((reason.as_str(), 1)),
        }
    }
    reasons.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    reasons.iter().take(3).map(|(name, count)| format!(" {count} x {name}.")).collect()
}

fn facts(stack: &Stack) -> Facts {
    let (report, meta) = (&stack.report, &stack.meta);
    Facts {
        n_frames_input: report.n_input as i64,
        n_frames_aligned: report.n_accepted as i64,
        total_exptime: Some(report.total_exptime_s),
        date_obs_start: meta.date_obs.map(Micros::from),
        date_obs_end: meta.date_end.map(Micros::from),
        ra_deg: meta.pointing.map(|pointing| pointing.ra()),
        dec_deg: meta.pointing.map(|pointing| pointing.dec()),
        n_stars: Some(report.n_stars as i64),
        fwhm_px: report.fwhm_px,
        eq_mode: None,
    }
}

/// The star table as readers of the archive expect it. `ra` and `dec` are null until a stack is solved.
fn star_table(stack: &Stack) -> Json {
    let number = |value: f64| if value.is_finite() { json!(value) } else { Json::Null };
    let star = |star: &StackStar| {
        json!({
            "x": number(star.x), "y": number(star.y), "flux": number(star.flux), "a": number(star.a), "b": number(star.b),
            "flag": star.flag, "peak": number(star.peak), "ra": null, "dec": null,
        })
    };
    let (height, width) = stack.planes[0].dim();
    json!({ "width": width, "height": height, "stars": stack.stars.iter().map(star).collect::<Vec<_>>() })
}

/// Passes the stacker's stages on as one number, and to the stacker that it is to stop.
struct Told {
    progress: Progress,
    stop: CancellationToken,
}

impl crowdsky_stack::Progress for Told {
    fn stopped(&self) -> bool {
        self.stop.is_cancelled()
    }

    fn update(&self, stage: Stage, done: usize, total: usize) {
        if matches!(stage, Stage::Combine) {
            fail_point::pass("in_stack");
        }
        // Shares of the time: headers and registration take next to none.
        let (from, to) = match stage {
            Stage::Headers => (0.0, 0.02),
            Stage::Frames => (0.02, 0.4),
            Stage::Register => (0.4, 0.42),
            Stage::Combine => (0.42, 0.95),
            _ => (0.95, 1.0),
        };
        let part = from + (to - from) * done as f64 / total.max(1) as f64;
        self.progress.set(FETCHED + (STACKED - FETCHED) * part);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crowdsky_sim::{Night, NightOptions};

    /// Nobody waits for a stack that is to stop, but its threads and its memory are needed: it has to end by itself.
    #[test]
    fn u01_a_stack_that_is_to_stop_stops() {
        let folder = tempfile::tempdir().unwrap();
        let night = Night::new(NightOptions::default().size(400, 600).stars(400).frames(6).quiet()).unwrap();
        night.write_over(folder.path(), |_, _| {}).unwrap();
        let frames = night.truth().frames.iter();
        let files: Vec<PathBuf> = frames.map(|frame| folder.path().join(&frame.file_name)).collect();
        let told = Told { progress: Progress::default(), stop: CancellationToken::new() };
        told.stop.cancel();
        let made = make(files.clone(), 1, &told, folder.path());
        assert!(matches!(made, Err(JobError::Stopped)), "{made:?}");
        assert!(told.progress.get() < STACKED, "{}", told.progress.get());
        let told = Told { progress: Progress::default(), stop: CancellationToken::new() };
        assert_eq!(make(files, 1, &told, folder.path()).unwrap().0.len(), 3, "and one that is not goes on");
    }
}
