//! Role `inspect`: what FITS files say, what they hold and what is odd about them.

mod examine;
mod json;
mod text;

use super::exit::Failure;
use super::terminal;
use examine::Examined;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

const EXAMPLES: &str = "\
Examples:
  crowdsky inspect 'Light_M 94_10.0s_IRCUT_20250326-212046.fit'
  crowdsky inspect night --quiet
  crowdsky inspect stack.fits --json | jq '.files[0].hdus[].name'

Only headers are read; pixels are passed over, though DATASUM is verified on the way. Findings are `warning` (against the
letter of the standard, read without loss) or `error` (something is lost or cannot be trusted).
Exit status 1 if a file is unusable: no FITS, cut off, or with a header that cannot be read.
";

/// Shows header facts, both chunk keys and every problem of FITS files, with its card and byte offset.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// FITS files, packed with gzip or not; for a folder, the *.fit, *.fits and *.gz of them in it.
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// Print everything as JSON, every card of every unit included.
    #[arg(long)]
    json: bool,
    /// Print only what is wrong: nothing for files without a finding.
    #[arg(long, short, conflicts_with = "json")]
    quiet: bool,
}

pub(super) fn run(args: &Args) -> Result<(), Failure> {
    let paths = expand(&args.files)?;
    let unusable = if args.json { tell_json(&paths)? } else { tell_people(&paths, args.quiet)? };
    // Each file's own lines have said what is wrong with it.
    if unusable == 0 { Ok(()) } else { Err(Failure::Told(1)) }
}

/// What `crowdsky inspect --json` tells of one file, as JSON: the members are in the crate's README. A file that cannot be used has
/// `usable: false` and says why in `error`.
///
/// # Errors
/// That of the JSON library, which has no reason for one.
pub fn inspect_json(path: &Path) -> serde_json::Result<String> {
    serde_json::to_string(&json::File::of(&Examined::of(path)))
}

/// Files as given, whatever their names; folders as the frames in them.
fn expand(given: &[PathBuf]) -> Result<Vec<PathBuf>, Failure> {
    let mut paths = Vec::new();
    for path in given {
        if path.is_dir() {
            let inside = crowdsky_stack::files::find_frames(std::slice::from_ref(path));
            paths.extend(inside.map_err(|error| Failure::Failed(format!("{}: {error}", path.display())))?);
        } else {
            paths.push(path.clone());
        }
    }
    Ok(paths)
}

/// One file is held at a time: a thousand frames take no more memory than one.
fn tell_people(paths: &[PathBuf], quiet: bool) -> Result<usize, Failure> {
    let mut unusable = 0;
    for path in paths {
        let file = Examined::of(path);
        unusable += usize::from(!file.usable());
        let told = if quiet { text::problems(&file) } else { text::everything(&file) };
        if !told.is_empty() {
            terminal::say(told.trim_end())?;
        }
    }
    Ok(unusable)
}

fn tell_json(paths: &[PathBuf]) -> Result<usize, Failure> {
    let mut out = BufWriter::new(io::stdout().lock());
    let mut unusable = 0;
    let mut write = || -> io::Result<()> {
        write!(out, "{{\"crowdsky\":\"{}\",\"files\":[", env!("CARGO_PKG_VERSION"))?;
        for (i, path) in paths.iter().enumerate() {
            let file = Examined::of(path);
            unusable += usize::from(!file.usable());
            out.write_all(if i == 0 { b"\n" } else { b",\n" })?;
            serde_json::to_writer(&mut out, &json::File::of(&file))?;
        }
        out.write_all(b"\n]}\n")?;
        out.flush()
    };
    write().map_err(terminal::not_printed)?;
    Ok(unusable)
}
