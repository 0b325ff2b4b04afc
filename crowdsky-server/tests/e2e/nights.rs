//! What the users of the end-to-end tests upload: simulated nights, and real frames where they are.

use crate::harness::shared;
use crowdsky_sim::{Night, NightOptions};
use std::path::{Path, PathBuf};

/// A folder of frames as a telescope leaves it.
#[derive(Debug, Clone)]
pub(super) struct Folder {
    /// Where.
    pub(super) path: PathBuf,
    /// Its frames, by name.
    pub(super) frames: Vec<PathBuf>,
}

impl Folder {
    fn of(path: PathBuf) -> Folder {
        let is_frame = |path: &PathBuf| path.extension().is_some_and(|extension| extension == "fit");
        let entries = std::fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path());
        let mut frames: Vec<PathBuf> = entries.filter(is_frame).collect();
        frames.sort();
        Folder { path, frames }
    }

    /// Name and bytes of frame `k`.
    pub(super) fn frame(&self, k: usize) -> (String, Vec<u8>) {
        let path = &self.frames[k];
        (path.file_name().unwrap().to_str().unwrap().to_owned(), std::fs::read(path).unwrap())
    }
}

/// Thirty small frames of a target, all within one quarter of an hour.
pub(super) fn simulated(folder: &Path, object: &str, seed: u64, ra: f64, dec: f64) -> Folder {
    let options = NightOptions::default()
        .size(400, 600)
        .stars(400)
        .frames(30)
        .seed(seed)
        .quiet()
        .rotation(0.5)
        .object(object)
        .ra(ra)
        .dec(dec)
        .start("2026-03-01T22:00:05");
    let path = folder.join(object.replace(' ', "_"));
    Night::new(options).unwrap().write_over(&path, |_, _| {}).unwrap();
    Folder::of(path)
}

/// The 16 real frames of M 94, if they are there.
pub(super) fn real() -> Option<Folder> {
    shared("seestar-m94").map(Folder::of)
}
