//! A whole night in a folder: one file per exposure, and `truth.json`.

use crate::{Error, Night, NightTruth};
use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};

/// Name of the file with the truth, a [`NightTruth`] as JSON.
pub const TRUTH_FILE: &str = "truth.json";

/// What was written.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Summary {
    /// Exposures.
    pub frames: usize,
    /// Of these, behind a cloud.
    pub cloudy: usize,
    /// Of these, crossed by a line.
    pub trails: usize,
    /// Bytes of all FITS files.
    pub bytes: u64,
    /// The file with the truth.
    pub truth: PathBuf,
}

impl Night {
    /// Writes all exposures and the truth into a new or empty folder. After each exposure `progress` is told how many are
    /// done and how many there are. A file appears under its name when it is complete; the truth comes last.
    ///
    /// ```
    /// # let folder = tempfile::tempdir().expect("a folder");
    /// # let folder = folder.path();
    /// use crowdsky_sim::{Night, NightOptions, NightTruth};
    /// let night = Night::new(NightOptions::default().frames(3).size(32, 32))?;
    /// let mut seen = Vec::new();
    /// let summary = night.write(folder, |done, of| seen.push((done, of)))?;
    /// assert_eq!((summary.frames, seen), (3, vec![(1, 3), (2, 3), (3, 3)]));
    /// assert_eq!(&NightTruth::load(folder)?, night.truth());
    /// # Ok::<(), crowdsky_sim::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::NotEmpty`] if something is in the folder, [`Error::Io`] if the system refuses a file.
    pub fn write(&self, folder: &Path, progress: impl FnMut(usize, usize)) -> Result<Summary, Error> {
        let failed = |source| Error::Io { action: "read", path: folder.into(), source };
        match fs::read_dir(folder) {
            Ok(mut entries) => match entries.next() {
                Some(Err(source)) => return Err(failed(source)),
                Some(Ok(_)) => return Err(Error::NotEmpty { path: folder.into() }),
                None => {}
            },
            Err(source) if source.kind() == std::io::ErrorKind::NotFound => {}
            Err(source) => return Err(failed(source)),
        }
        self.write_over(folder, progress)
    }

    /// As [`Night::write`], into a folder that may hold files. Those of the same names are replaced, all others stay.
    ///
    /// # Errors
    /// [`Error::Io`] if the system refuses a file.
    pub fn write_over(
        &self,
        folder: &Path,
        mut progress: impl FnMut(usize, usize),
    ) -> Result<Summary, Error> {
        fs::create_dir_all(folder).map_err(|source| Error::Io {
            action: "create",
            path: folder.into(),
            source,
        })?;
        let count = self.frame_count();
        let mut bytes = 0;
        // As many frames at a time as there are threads: more would only hold memory, 25 MB each for an S50.
        for first in (0..count).step_by(threads()) {
            let batch = first..count.min(first + threads());
            for (k, written) in batch.clone().zip(self.write_batch(batch, folder)) {
                bytes += written?;
                progress(k + 1, count);
            }
        }
        let truth = folder.join(TRUTH_FILE);
        let json =
            serde_json::to_vec(self.truth()).map_err(|source| Error::Json { path: truth.clone(), source })?;
        write_atomically(&truth, &json)?;
        let of =
            |what: fn(&crate::FrameTruth) -> bool| self.truth().frames.iter().filter(|f| what(f)).count();
        Ok(Summary {
            frames: count,
            cloudy: of(|f| f.cloudy),
            trails: of(|f| f.trail.is_some()),
            bytes,
            truth,
        })
    }

    fn write_batch(&self, frames: Range<usize>, folder: &Path) -> Vec<Result<u64, Error>> {
        let write = |k: usize| {
            let bytes = self.fits_bytes(k)?;
            write_atomically(&folder.join(&self.truth().frames[k].file_name), &bytes)?;
            Ok(bytes.len() as u64)
        };
        #[cfg(feature = "parallel")]
        {
            use rayon::iter::{IntoParallelIterator, ParallelIterator};
            frames.into_par_iter().map(write).collect()
        }
        #[cfg(not(feature = "parallel"))]
        {
            frames.map(write).collect()
        }
    }
}

impl NightTruth {
    /// Reads the truth back from a folder written by [`Night::write`].
    ///
    /// # Errors
    /// [`Error::Io`] if there is no [`TRUTH_FILE`], [`Error::Json`] if it holds something else.
    pub fn load(folder: &Path) -> Result<Self, Error> {
        let path = folder.join(TRUTH_FILE);
        match fs::read(&path) {
            Ok(json) => serde_json::from_slice(&json).map_err(|source| Error::Json { path, source }),
            Err(source) => Err(Error::Io { action: "read", path, source }),
        }
    }
}

fn threads() -> usize {
    #[cfg(feature = "parallel")]
    {
        rayon::current_num_threads()
    }
    #[cfg(not(feature = "parallel"))]
    {
        1
    }
}

/// Writes beside the file and renames, so that who watches the folder never sees half a frame.
fn write_atomically(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    let mut partial = path.as_os_str().to_owned();
    partial.push(".part");
    let partial = PathBuf::from(partial);
    let done = fs::write(&partial, bytes).map_err(|source| ("write", source));
    let done = done.and_then(|()| fs::rename(&partial, path).map_err(|source| ("rename", source)));
    done.map_err(|(action, source)| {
        // What is left of it helps nobody; that it cannot be removed either says nothing new.
        let _ = fs::remove_file(&partial);
        Error::Io { action, path: path.into(), source }
    })
}
