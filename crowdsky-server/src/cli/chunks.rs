//! `stack --by chunk`: one stack for each chunk, into a folder, under CrowdSky's names.

use super::exit::{Failure, causes};
use super::interrupt::Interrupt;
use super::progress::Bars;
use super::stack::{Args, Targets, failure, make, write_json};
use super::{outputs, summary, terminal};
use crowdsky_core::filename::{Exposure, crowdsky_stack_name};
use crowdsky_core::{Chunk, FrameMeta, HealpixTile, TimeSlot, group_into_chunks};
use crowdsky_stack::files::{FileSource, find_frames};
use crowdsky_stack::{Error, FrameSource, StackOptions, StackReport, stack};
use serde::Serialize;
use std::collections::HashSet;
use std::fs;
use std::path::PathBuf;

/// The account of a run by chunks, as `--report` and `--json` have it.
#[derive(Serialize)]
struct ChunksReport {
    crowdsky: &'static str,
    chunks: Vec<ChunkReport>,
    left_out: Vec<Left>,
}

/// What became of one chunk.
#[derive(Serialize)]
struct ChunkReport {
    chunk_key: String,
    healpix_key: Option<String>,
    object: Option<String>,
    telescope: Option<String>,
    filter: Option<String>,
    exptime_s: Option<f64>,
    gain: Option<f64>,
    n_input: usize,
    output: Option<PathBuf>,
    preview: Option<PathBuf>,
    error: Option<String>,
    report: Option<StackReport>,
}

/// A frame of no chunk.
#[derive(Serialize)]
struct Left {
    path: String,
    reason: &'static str,
    detail: String,
}

pub(super) fn run(args: &Args, options: &StackOptions) -> Result<(), Failure> {
    let paths = find_frames(&args.frames).map_err(failure)?;
    outputs::check_folder(&args.output, "--output")?;
    if let Some(folder) = &args.preview {
        outputs::check_folder(folder, "--preview")?;
    }
    outputs::check(&[("--report", args.report.as_ref())], &paths, args.overwrite)?;
    let night = sort(&paths, args);
    if !args.overwrite {
        let names = night.chunks.iter().filter_map(|chunk| Name::of(chunk, &night.metas).ok());
        check_free(args, &names.collect::<Vec<_>>())?;
    }

    let interrupt = Interrupt::watch()?;
    let mut names = HashSet::new();
    let mut chunks = Vec::with_capacity(night.chunks.len());
    let mut broken = false;
    for (at, chunk) in night.chunks.iter().enumerate() {
        let prefix = format!("chunk {} of {}: ", at + 1, night.chunks.len());
        let bars = Bars::with_prefix(args.quiet, prefix, interrupt.clone());
        let (report, failed) = stack_chunk(chunk, &night, args, options, &bars, &mut names);
        if interrupt.seen() && report.output.is_none() {
            return Err(failure(Error::Stopped));
        }
        broken |= failed;
        tell(&report, args)?;
        chunks.push(report);
    }

    let stacked = chunks.iter().filter(|chunk| chunk.output.is_some()).count();
    let report = ChunksReport { crowdsky: env!("CARGO_PKG_VERSION"), chunks, left_out: night.left_out };
    if let Some(path) = &args.report {
        write_json(&report, path, args.overwrite).map_err(failure)?;
    }
    match (args.quiet, args.json) {
        (true, _) => {}
        (_, true) => terminal::say_json(&report)?,
        _ => {
            for left in &report.left_out {
                terminal::say(&format!("left out {} ({}): {}", left.path, left.reason, left.detail))?;
            }
            terminal::say(&format!("{stacked} of {} chunks stacked", report.chunks.len()))?;
        }
    }
    // Each chunk that failed has had its line.
    match (broken, stacked, report.left_out.first()) {
        (true, ..) => Err(Failure::Told(1)),
        (_, 0, Some(first)) if report.chunks.is_empty() => {
            let (n, path, detail) = (report.left_out.len(), &first.path, &first.detail);
            Err(Failure::Nothing(format!(
                "nothing to stack: none of {n} frames is usable ({path}: {detail})"
            )))
        }
        (_, 0, _) => Err(Failure::Told(3)),
        _ => Ok(()),
    }
}

/// Frames, sorted into chunks by their headers.
struct Sorted {
    paths: Vec<PathBuf>,
    metas: Vec<FrameMeta>,
    chunks: Vec<Chunk>,
    left_out: Vec<Left>,
}

fn sort(given: &[PathBuf], args: &Args) -> Sorted {
    let source = FileSource::new(given.to_vec(), args.bayer);
    let (mut paths, mut metas, mut left_out) = (Vec::new(), Vec::new(), Vec::new());
    for (i, path) in given.iter().enumerate() {
        match source.meta(i) {
            Ok(meta) => {
                paths.push(path.clone());
                metas.push(meta);
            }
            Err(why) => {
                left_out.push(Left { path: source.name(i), reason: why.reason.as_str(), detail: why.detail })
            }
        }
    }
    let grouping = group_into_chunks(&metas);
    left_out.extend(grouping.left_out.iter().map(|left| Left {
        path: paths[left.index].display().to_string(),
        reason: "no_date",
        detail: left.reason.to_string(),
    }));
    Sorted { paths, metas, chunks: grouping.chunks, left_out }
}

/// Stacks one chunk; the truth value says whether something other than the frames was at fault.
fn stack_chunk(
    chunk: &Chunk,
    night: &Sorted,
    args: &Args,
    options: &StackOptions,
    bars: &Bars,
    names: &mut HashSet<String>,
) -> (ChunkReport, bool) {
    let paths: Vec<PathBuf> = chunk.members.iter().map(|&i| night.paths[i].clone()).collect();
    let first = &night.metas[chunk.members[0]];
    let mut report = ChunkReport {
        chunk_key: chunk.position_key.to_string(),
        healpix_key: chunk.healpix_key.as_ref().map(ToString::to_string),
        object: first.object.clone(),
        telescope: first.telescope.clone(),
        filter: first.filter.as_ref().map(ToString::to_string),
        exptime_s: first.exptime,
        gain: first.gain,
        n_input: chunk.members.len(),
        output: None,
        preview: None,
        error: None,
        report: None,
    };
    let folders = [Some(&args.output), args.preview.as_ref()];
    if let Some((folder, source)) =
        folders.into_iter().flatten().find_map(|folder| Some((folder, fs::create_dir_all(folder).err()?)))
    {
        report.error = Some(causes(&Error::Io { path: folder.clone(), source }));
        return (report, true);
    }
    let name = match Name::of(chunk, &night.metas) {
        Ok(name) => name,
        Err(error) => {
            report.error = Some(causes(&error));
            return (report, false);
        }
    };
    let source = FileSource::new(paths, args.bayer);
    let made = make(
        &source,
        args,
        bars,
        |source, bars| stack(source, options, bars),
        |stack| {
            let stem = name.unused(stack.meta.n_images, names);
            let preview = args.preview.as_ref().map(|folder| folder.join(format!("{stem}.png")));
            Targets { fits: args.output.join(format!("{stem}.fit")), preview, state: None }
        },
    );
    match made {
        Ok((stacked, targets)) => {
            (report.output, report.preview) = (Some(targets.fits), targets.preview);
            report.report = Some(stacked);
            (report, false)
        }
        Err(error) => {
            report.error = Some(causes(&error));
            if let Error::NothingToStack { report: stacked, .. } = error {
                report.report = Some(*stacked);
                return (report, false);
            }
            (report, true)
        }
    }
}

/// A chunk's lines, as soon as it is done.
fn tell(chunk: &ChunkReport, args: &Args) -> Result<(), Failure> {
    let key = chunk.healpix_key.as_ref().unwrap_or(&chunk.chunk_key);
    if let Some(error) = &chunk.error {
        terminal::complain(&format!("crowdsky stack: chunk {key}: {error}"));
    }
    if args.quiet || args.json {
        return Ok(());
    }
    match (&chunk.output, &chunk.report) {
        (Some(fits), Some(report)) => {
            let targets = Targets { fits: fits.clone(), preview: chunk.preview.clone(), state: None };
            terminal::say(&summary::of(report, &targets))
        }
        (None, Some(report)) => summary::dropped(report).iter().try_for_each(|line| terminal::say(line)),
        _ => Ok(()),
    }
}

/// The name of a chunk's stack, but for the number of frames, which is known only when it is made.
struct Name<'a> {
    slot: TimeSlot,
    first: &'a FrameMeta,
    exposure: Exposure,
}

impl<'a> Name<'a> {
    /// Fails on an EXPTIME that no name can hold; a missing one is written 0.0.
    fn of(chunk: &Chunk, metas: &'a [FrameMeta]) -> Result<Name<'a>, crowdsky_core::Error> {
        let first = &metas[chunk.members[0]];
        Ok(Name { slot: chunk.slot, first, exposure: Exposure::from_seconds(first.exptime.unwrap_or(0.0))? })
    }

    /// Without the extension.
    fn stem(&self, count: u32) -> String {
        let tile = self.first.pointing.map(|pos| HealpixTile::from_pos(&pos));
        let (object, filter) = (self.first.object.as_deref(), self.first.filter.as_ref());
        let name = crowdsky_stack_name(count, object, self.exposure.clone(), filter, self.slot, tile);
        name.name.to_string()
    }

    /// A name this run has not given yet: two telescopes may have the same target at the same time.
    fn unused(&self, count: u32, given: &mut HashSet<String>) -> String {
        let stem = self.stem(count);
        let mut name = stem.clone();
        let mut next = 2;
        while !given.insert(name.clone()) {
            name = format!("{stem}_{next}");
            next += 1;
        }
        name
    }

    /// Whether `file` is a stack of this chunk, of any number of frames, with `_2` or without.
    fn is_of(&self, file: &str, extension: &str) -> bool {
        let own = self.stem(0);
        let (Some(tail), Some(rest)) = (own.strip_prefix("CrowdSky_0"), file.strip_prefix("CrowdSky_"))
        else {
            return false;
        };
        let rest = rest.trim_start_matches(|c: char| c.is_ascii_digit());
        let Some(end) = rest.strip_prefix(tail).and_then(|end| end.strip_suffix(extension)) else {
            return false;
        };
        end.is_empty()
            || end.strip_prefix('_').is_some_and(|n| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()))
    }
}

/// Refuses before any work if a chunk has been stacked into these folders already.
fn check_free(args: &Args, names: &[Name<'_>]) -> Result<(), Failure> {
    for (folder, extension) in [(Some(&args.output), ".fit"), (args.preview.as_ref(), ".png")] {
        // A folder that is not there yet holds nothing.
        let Some(entries) = folder.and_then(|folder| fs::read_dir(folder).ok()) else { continue };
        for entry in entries.flatten() {
            let file = entry.file_name().to_string_lossy().into_owned();
            if names.iter().any(|name| name.is_of(&file, extension)) {
                return Err(outputs::exists(&entry.path()));
            }
        }
    }
    Ok(())
}
