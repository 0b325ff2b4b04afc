//! Role `stack`: frames into one stack, or into one for each chunk (`chunks.rs`).

use super::append::{self, Addition};
use super::exit::{Failure, causes};
use super::interrupt::Interrupt;
use super::progress::Bars;
use super::{chunks, outputs, size, summary, terminal};
use clap::ValueEnum;
use crowdsky_stack::files::{
    FileSource, Layout, WriteOptions, find_frames, state_path, write_atomically, write_fits, write_state,
};
use crowdsky_stack::{
    BayerPattern, Error, FrameSource, Method, Progress, Reference, Stack, StackOptions, StackReport, preview,
    stack,
};
use serde::Serialize;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Instant;

const EXAMPLES: &str = "\
Examples:
  crowdsky stack 'MyWorks/M 94_sub' -o m94.fits --preview m94.png --report m94.json
  crowdsky stack night -o stacks --by chunk
  crowdsky stack 'MyWorks/M 94_sub' -o m94.fits --append
  crowdsky stack *.fit -o siril.fits --layout cube --sigma 3.5 --overwrite

Of mixed frames (size, filter, exposure, gain) the largest group is stacked. Frames that do not fit are dropped, each with
its reason. Outputs appear under their names when they are complete; Ctrl-C leaves none. OUT.state, beside OUT, is for --append.
Exit status: 0 done, 1 failed, 2 wrong usage, 3 nothing could be stacked.
";

/// Aligns raw frames and combines them into a stack.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// Raw frames: files, or folders with *.fit, *.fits and *.gz of either.
    #[arg(required = true)]
    pub(super) frames: Vec<PathBuf>,
    /// The stack to write (FITS); with --by chunk the folder for the stacks.
    #[arg(long, short, value_name = "OUT")]
    pub(super) output: PathBuf,
    /// One stack for each chunk: 15 minutes of one target, telescope and filter, named CrowdSky_<n>_<target>_....fit.
    #[arg(long, value_name = "WHAT", value_enum)]
    by: Option<By>,
    /// Also write a report (JSON): what became of every frame.
    #[arg(long, value_name = "FILE.json")]
    pub(super) report: Option<PathBuf>,
    /// Also write a picture (PNG); with --by chunk the folder for one picture per stack, OUT itself for instance.
    #[arg(long, value_name = "FILE.png")]
    pub(super) preview: Option<PathBuf>,
    /// Replace outputs that exist.
    #[arg(long)]
    pub(super) overwrite: bool,
    /// Images RED, GREEN, BLUE, FOOTPRINT, ..., or one cube of three planes as Siril opens it.
    #[arg(long, value_enum, default_value = "rgb")]
    layout: LayoutName,
    /// How samples are combined: auto, lsq, mean or median (auto is the best there is: lsq, mean for two or three frames).
    #[arg(long, value_name = "METHOD", default_value = "auto", value_parser = parse_method)]
    method: Method,
    /// Whether the planes share their colours: less noise for the eye, not for measuring. The preview's noise is grey in any
    /// case.
    #[arg(long, value_enum, default_value = "off")]
    share: Switch,
    /// Reject samples further than this from the rest, in standard deviations (1.5 to 100).
    #[arg(long, value_name = "K", default_value_t = StackOptions::default().sigma, value_parser = parse_sigma)]
    sigma: f64,
    /// Frame that gives the output its pixel grid, by name; auto takes the middle one in time.
    #[arg(long, value_name = "NAME", default_value = "auto")]
    reference: String,
    /// Number of threads; without it one per core. The result does not depend on it.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    threads: Option<u16>,
    /// Most memory to use, such as 2G; without it 1G, or more if need be. Frames that do not fit in are read twice.
    #[arg(long, value_name = "SIZE", value_parser = size::parse)]
    memory: Option<u64>,
    /// Bayer pattern of all frames, whatever their headers say: RGGB, BGGR, GRBG (Seestar) or GBRG.
    #[arg(long, value_name = "PATTERN")]
    pub(super) bayer: Option<BayerPattern>,
    /// Stack frames of different filter, exposure and gain together.
    #[arg(long)]
    allow_mixed: bool,
    /// Add those of the frames to OUT that it does not hold yet, as if all were stacked anew. Give the options it was made
    /// with. If its raw frames are gone, new ones are added to its planes. Outputs that exist are replaced.
    #[arg(long, conflicts_with = "by")]
    append: bool,
    /// Keep the site's coordinates (SITELAT, SITELONG), which are dropped otherwise.
    #[arg(long)]
    keep_location: bool,
    /// Print nothing but errors.
    #[arg(long, short, conflicts_with = "json")]
    pub(super) quiet: bool,
    /// Print the report (JSON) in place of the summary.
    #[arg(long)]
    pub(super) json: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum By {
    Chunk,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum LayoutName {
    Rgb,
    Cube,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Switch {
    On,
    Off,
}

pub(super) fn run(args: &Args) -> Result<(), Failure> {
    let options = args.options()?;
    match args.by {
        Some(By::Chunk) => chunks::run(args, &options),
        None => one(args, &options),
    }
}

/// Where a stack goes.
pub(super) struct Targets {
    pub(super) fits: PathBuf,
    pub(super) preview: Option<PathBuf>,
    /// For adding frames later.
    pub(super) state: Option<PathBuf>,
}

fn one(args: &Args, options: &StackOptions) -> Result<(), Failure> {
    let mut paths = find_frames(&args.frames).map_err(failure)?;
    let addition = if args.append { Some(Addition::new(&args.output, paths.clone())?) } else { None };
    if let Some(addition) = &addition {
        paths = addition.paths().to_vec();
    }
    let state = state_path(&args.output);
    let files = [
        ("--output", Some(&args.output)),
        ("--output", Some(&state)),
        ("--report", args.report.as_ref()),
        ("--preview", args.preview.as_ref()),
    ];
    outputs::check(&files, &paths, args.overwrites())?;
    let targets = |_: &Stack| Targets {
        fits: args.output.clone(),
        preview: args.preview.clone(),
        state: Some(state.clone()),
    };
    let bars = Bars::with_prefix(args.quiet, String::new(), Interrupt::watch()?);
    let work = |source: &FileSource, bars: &Bars| match &addition {
        Some(addition) => addition.stack(&args.output, source, options, bars),
        None => stack(source, options, bars),
    };
    let made = make(&FileSource::new(paths, args.bayer), args, &bars, work, targets);
    let report = match &made {
        Ok((report, _)) => Some(report),
        Err(Error::NothingToStack { report, .. }) => Some(&**report),
        Err(_) => None,
    };
    if let Some(report) = report {
        if let Some(path) = &args.report {
            write_json(report, path, args.overwrites()).map_err(failure)?;
        }
        match (args.quiet, args.json, &made) {
            (true, ..) => {}
            (_, true, _) => terminal::say_json(report)?,
            (.., Ok((_, targets))) => terminal::say(&summary::of(report, targets))?,
            (.., Err(_)) => summary::dropped(report).iter().try_for_each(|line| terminal::say(line))?,
        }
    }
    made.map(|_| ()).map_err(failure)
}

/// Makes a stack of `source` by `work`, and writes it, its preview and its state where `targets` says.
pub(super) fn make(
    source: &FileSource,
    args: &Args,
    bars: &Bars,
    work: impl FnOnce(&FileSource, &Bars) -> Result<Stack, Error>,
    targets: impl FnOnce(&Stack) -> Targets,
) -> Result<(StackReport, Targets), Error> {
    let made = work(source, bars);
    bars.clear();
    let mut stack = match made {
        Ok(stack) => stack,
        Err(Error::NothingToStack { given, accepted, mut report }) => {
            report.peak_memory_bytes = peak_memory();
            return Err(Error::NothingToStack { given, accepted, report });
        }
        Err(error) => return Err(error),
    };
    // From here on it takes a moment only: what is begun is brought to its end.
    if bars.stopped() {
        return Err(Error::Stopped);
    }
    if args.keep_location {
        keep_location(&mut stack, source);
    }
    let started = Instant::now();
    let targets = targets(&stack);
    let layout = match args.layout {
        LayoutName::Rgb => Layout::Rgb,
        LayoutName::Cube => Layout::Cube,
    };
    write_fits(&stack, &targets.fits, &WriteOptions::default().layout(layout).overwrite(args.overwrites()))?;
    if let Some(path) = &targets.preview {
        preview::write_png(&stack, path, args.overwrites())?;
    }
    if let Some(path) = &targets.state {
        stack.state.rename(|name| append::absolute(Path::new(name)).display().to_string());
        write_state(&stack.state, path, args.overwrites())?;
    }
    let mut report = stack.report;
    let seconds = started.elapsed().as_secs_f64();
    report.seconds.write += seconds;
    report.seconds.total += seconds;
    report.peak_memory_bytes = peak_memory();
    Ok((report, targets))
}

/// Sets the stack's site if all accepted frames agree on it: a stack from two sites is from neither.
fn keep_location(stack: &mut Stack, source: &FileSource) {
    let accepted = stack.report.frames.iter().enumerate().filter(|(_, frame)| frame.accepted);
    let mut sites =
        accepted.map(|(i, _)| source.meta(i).ok().and_then(|meta| meta.site_lat.zip(meta.site_long)));
    if let Some(Some((lat, long))) = sites.next()
        && sites.all(|site| site == Some((lat, long)))
    {
        (stack.meta.site_lat, stack.meta.site_long) = (Some(lat), Some(long));
    }
}

/// Writes a report as `file`, complete or not at all.
pub(super) fn write_json(report: &impl Serialize, path: &Path, overwrite: bool) -> Result<(), Error> {
    write_atomically(path, overwrite, |file| {
        let written = serde_json::to_writer_pretty(file, report).map_err(io::Error::from);
        written.map_err(|source| Error::Io { path: path.to_owned(), source })
    })
}

/// What the end of a stack means for the process.
pub(super) fn failure(error: Error) -> Failure {
    match error {
        Error::Stopped => Failure::Failed("interrupted: nothing was written".into()),
        Error::NothingToStack { .. } | Error::NoFrames => Failure::Nothing(causes(&error)),
        other => Failure::because(&other),
    }
}

/// The largest memory this process held (VmHWM), where the system tells.
fn peak_memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kilobytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kilobytes * 1024)
}

impl Args {
    /// Whether outputs that exist are replaced.
    fn overwrites(&self) -> bool {
        self.overwrite || self.append
    }

    fn options(&self) -> Result<StackOptions, Failure> {
        let reference = match self.reference.as_str() {
            "auto" => Reference::Auto,
            _ if self.by.is_some() => {
                let message = "--reference names a frame of one stack: leave it out with --by chunk";
                return Err(Failure::Usage(message.into()));
            }
            name => Reference::Named(name.into()),
        };
        let options = StackOptions::default().sigma(self.sigma).map_err(|e| Failure::Usage(e.to_string()))?;
        Ok(options
            .method(self.method)
            .share(matches!(self.share, Switch::On))
            .reference(reference)
            .allow_mixed(self.allow_mixed)
            .threads(self.threads.map_or(0, usize::from))
            .memory(self.memory))
    }
}

fn parse_method(text: &str) -> Result<Method, String> {
    match text {
        "auto" => Ok(Method::Auto),
        "mean" => Ok(Method::Mean),
        "median" => Ok(Method::Median),
        "lsq" => Ok(Method::Lsq),
        _ => Err("give auto, lsq, mean or median".into()),
    }
}

fn parse_sigma(text: &str) -> Result<f64, String> {
    let sigma = text.parse().map_err(|_| "write a number, such as 3.5".to_owned())?;
    StackOptions::default().sigma(sigma).map(|options| options.sigma).map_err(|error| error.to_string())
}
