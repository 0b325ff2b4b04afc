//! A folder to work in, the binary to run there, and files to break.

use crowdsky_sim::{Night, NightOptions};
use serde_json::Value as Json;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use tempfile::TempDir;

/// A folder that goes away with the test.
pub(crate) struct Bench {
    folder: TempDir,
}

/// What a run printed, and its exit status.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) status: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Bench {
    pub(crate) fn new() -> Bench {
        Bench { folder: tempfile::tempdir().unwrap() }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Runs `crowdsky` in the folder. It must not panic, nor be ended by a signal, nor fail with more or less than a line.
    pub(crate) fn crowdsky<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>) -> Run {
        let mut command = Command::new(env!("CARGO_BIN_EXE_crowdsky"));
        Run::of(command.args(args).current_dir(self.folder.path()).output().unwrap())
    }

    /// The same in a shell that has first set limits.
    #[cfg(unix)]
    pub(crate) fn crowdsky_within(&self, limits: &str, args: &[&str]) -> Run {
        let script = format!("{limits}; exec \"$0\" \"$@\"");
        let mut command = Command::new("sh");
        command.args(["-c", &script, env!("CARGO_BIN_EXE_crowdsky")]).args(args);
        Run::of(command.current_dir(self.folder.path()).output().unwrap())
    }

    /// Writes a night into the folder `name`: small, without clouds or trails.
    pub(crate) fn night(&self, name: &str, options: NightOptions) -> Vec<PathBuf> {
        let night = Night::new(options).unwrap();
        let folder = self.path(name);
        night.write_over(&folder, |_, _| {}).unwrap();
        night.truth().frames.iter().map(|frame| folder.join(&frame.file_name)).collect()
    }

    pub(crate) fn json(&self, name: &str) -> Json {
        serde_json::from_slice(&std::fs::read(self.path(name)).unwrap()).unwrap()
    }

    /// All names in a folder, in order.
    pub(crate) fn list(&self, name: &str) -> Vec<String> {
        let entries = std::fs::read_dir(self.path(name)).unwrap();
        let mut names: Vec<String> = entries.map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }
}

impl Run {
    fn of(output: Output) -> Run {
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        let run = Run {
            status: output.status.code().unwrap_or(-1),
            out: text(output.stdout),
            err: text(output.stderr),
        };
        assert!(!run.err.contains("panicked"), "{run:?}");
        assert!((0..=3).contains(&run.status), "{run:?}");
        if run.status == 3 {
            assert_eq!(run.err.lines().count(), 1, "{run:?}");
        }
        run
    }

    /// The answer of `--json`.
    pub(crate) fn json(&self) -> Json {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error} in {}", self.out))
    }

    /// Fails with this status, in one line that holds all these words.
    #[track_caller]
    pub(crate) fn fails(&self, status: i32, words: &[&str]) {
        assert_eq!(self.status, status, "{self:?}");
        // Wrong usage is explained by the parser of options, in several lines.
        assert!(status == 2 || self.err.lines().count() == 1, "{self:?}");
        words.iter().for_each(|word| assert!(self.err.contains(word), "no {word:?} in {self:?}"));
    }

    #[track_caller]
    pub(crate) fn succeeds(&self) -> &Run {
        assert_eq!((self.status, self.err.as_str()), (0, ""), "{self:?}");
        self
    }
}

/// Small frames with some 90 stars on each.
pub(crate) fn small(frames: usize) -> NightOptions {
    NightOptions::default().size(400, 600).stars(400).frames(frames).quiet().rotation(0.5)
}

/// Replaces the card of `keyword` by this one of 80 bytes, `BLANK` for a card without keyword.
pub(crate) fn set_card(bytes: &mut [u8], keyword: &str, card: &str) {
    let wanted = format!("{keyword:<8}=");
    let at = bytes.chunks(80).position(|card| card.starts_with(wanted.as_bytes())).unwrap();
    bytes[at * 80..][..80].copy_from_slice(format!("{card:<80}").as_bytes());
}

/// A copy of `from` at `to`, changed.
pub(crate) fn forge(from: &Path, to: &Path, change: impl FnOnce(&mut Vec<u8>)) {
    let mut bytes = std::fs::read(from).unwrap();
    change(&mut bytes);
    std::fs::write(to, bytes).unwrap();
}

/// Real frames and files of others, which are not part of the project.
// A test that checks nothing must say so.
#[allow(clippy::print_stdout)]
pub(crate) fn shared(name: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data").join(name);
    if !path.exists() {
        println!("SKIPPED: {} is not there", path.display());
        return None;
    }
    Some(path)
}
