//! Raw frames in FITS files.

use crate::mosaic::Mosaic;
use crate::report::{Dropped, Reason};
use crate::source::{FrameSource, part_of};
use crowdsky_core::{BayerPattern, FrameMeta};
use crowdsky_fits::{Header, Limits, RawRows, frame_meta, read_header, read_raw_u16};
use std::fs::File;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::time::SystemTime;

/// Frames in FITS files.
#[derive(Debug, Clone)]
pub struct FileSource {
    paths: Vec<PathBuf>,
    bayer: Option<BayerPattern>,
    limits: Limits,
    /// By file: what it was when its pixels were read first.
    seen: Vec<OnceLock<Seen>>,
    /// By file: where its pixels lie; `None` for one that has to be unpacked as a whole.
    places: Vec<OnceLock<Option<RawRows>>>,
}

/// By what a file that was changed between two readings is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Seen {
    bytes: u64,
    modified: Option<SystemTime>,
}

impl FileSource {
    /// Frames in these files; `bayer` overrides what their headers say of the pattern.
    #[must_use]
    pub fn new(paths: Vec<PathBuf>, bayer: Option<BayerPattern>) -> FileSource {
        let (seen, places) = (vec![OnceLock::new(); paths.len()], vec![OnceLock::new(); paths.len()]);
        FileSource { paths, bayer, limits: Limits::default(), seen, places }
    }

    /// The files.
    #[must_use]
    pub fn paths(&self) -> &[PathBuf] {
        &self.paths
    }

    fn open(&self, index: usize) -> Result<File, Dropped> {
        let path = &self.paths[index];
        let unreadable =
            |e: std::io::Error| Dropped::new(Reason::Unreadable, format!("cannot be opened: {e}"));
        // Before it is opened: a pipe would keep even that waiting for ever.
        if !std::fs::metadata(path).map_err(unreadable)?.is_file() {
            return Err(Dropped::new(Reason::Unreadable, "is not a regular file"));
        }
        File::open(path).map_err(unreadable)
    }

    /// Opens a file whose pixels are read: at the first time notes what it is, later refuses one that is no longer that.
    fn open_same(&self, index: usize) -> Result<File, Dropped> {
        let file = self.open(index)?;
        let unreadable = |e: std::io::Error| Dropped::new(Reason::Unreadable, format!("cannot be read: {e}"));
        let facts = file.metadata().map_err(unreadable)?;
        let now = Seen { bytes: facts.len(), modified: facts.modified().ok() };
        if *self.seen[index].get_or_init(|| now) != now {
            return Err(Dropped::new(Reason::Unreadable, "was changed while the stack was made"));
        }
        Ok(file)
    }

    fn is_compressed(&self, index: usize) -> bool {
        self.paths[index].extension().is_some_and(|e| e.eq_ignore_ascii_case("fz"))
    }

    fn pattern(&self, meta: &FrameMeta) -> Result<BayerPattern, Dropped> {
        if let Some(pattern) = self.bayer {
            return Ok(pattern);
        }
        let hint = "if you know the pattern, give it: bayer, on the command line --bayer (Seestar: GRBG)";
        match &meta.bayer {
            None => Err(Dropped::new(
                Reason::NoBayer,
                format!("has no card BAYERPAT, which tells the colours of the pixels; {hint}"),
            )),
            Some(text) => text.parse().map_err(|_| {
                Dropped::new(
                    Reason::WrongBayer,
                    format!("BAYERPAT is '{text}', not RGGB, BGGR, GRBG or GBRG; {hint}"),
                )
            }),
        }
    }
}

impl FrameSource for FileSource {
    fn len(&self) -> usize {
        self.paths.len()
    }

    fn name(&self, index: usize) -> String {
        self.paths[index].display().to_string()
    }

    fn meta(&self, index: usize) -> Result<FrameMeta, Dropped> {
        let header = if self.is_compressed(index) {
            compressed::header(&self.paths[index])?
        } else {
            read_header(self.open(index)?, &self.limits).map_err(dropped)?.0
        };
        let (meta, _) = frame_meta(&header);
        check_raw(&header, &meta)?;
        self.pattern(&meta)?;
        Ok(meta)
    }

    fn load(&self, index: usize) -> Result<Arc<Mosaic>, Dropped> {
        let file = self.open_same(index)?;
        let frame = if self.is_compressed(index) {
            compressed::frame(&self.paths[index], &self.limits)?
        } else {
            read_raw_u16(file, &self.limits).map_err(dropped)?
        };
        let (meta, _) = frame_meta(&frame.header);
        let pattern = self.pattern(&meta)?;
        let size = (frame.width, frame.height);
        let mosaic = Mosaic::new(size.0, size.1, pattern, frame.pixels);
        mosaic.map(Arc::new).map_err(|e| Dropped::new(Reason::WrongSize, e.to_string()))
    }

    fn load_part(
        &self,
        index: usize,
        columns: Range<usize>,
        rows: Range<usize>,
        into: &mut [u16],
    ) -> Result<(), Dropped> {
        let mut file = self.open_same(index)?;
        let place = match self.places[index].get() {
            Some(place) => place,
            None if self.is_compressed(index) => self.places[index].get_or_init(|| None),
            None => {
                // Headers are short, the files behind them long: no more than its blocks are read.
                let found = RawRows::find(&mut file, &self.limits).map_err(dropped)?;
                self.places[index].get_or_init(|| found)
            }
        };
        let Some(place) = place else { return part_of(&*self.load(index)?, columns, rows, into) };
        place.read(&mut file, rows, columns, into).map_err(dropped)
    }
}

/// Tells a single raw exposure from the stacks that Seestars and others write.
fn check_raw(header: &Header, meta: &FrameMeta) -> Result<(), Dropped> {
    let not_raw = |text: String| Err(Dropped::new(Reason::NotRaw, text));
    if meta.naxis == 3 {
        return not_raw("is a colour image (NAXIS = 3), not a raw frame: a stack?".to_owned());
    }
    if let Some(n) = meta.stack_count.filter(|&n| n > 1) {
        return not_raw(format!("is a stack of {n} frames (STACKCNT), not a raw frame"));
    }
    if meta.naxis != 2 {
        return not_raw(format!("has no image of two axes (NAXIS = {})", meta.naxis));
    }
    let bitpix = header.integer("BITPIX").unwrap_or(0);
    if bitpix < 0 {
        return not_raw(format!(
            "has floating-point pixels (BITPIX = {bitpix}), raw frames have 16-bit integers"
        ));
    }
    if meta
        .image_type
        .as_deref()
        .is_some_and(|t| ["dark", "flat", "bias"].iter().any(|k| t.to_ascii_lowercase().contains(k)))
    {
        return not_raw(format!(
            "is a calibration frame (IMAGETYP = '{}')",
            meta.image_type.as_deref().unwrap_or_default()
        ));
    }
    Ok(())
}

/// What a reading error means for the frame.
fn dropped(error: crowdsky_fits::Error) -> Dropped {
    use crowdsky_fits::Error as E;
    let reason = match &error {
        E::Truncated { .. } | E::HeaderTruncated { .. } => Reason::Truncated,
        E::Unsupported { .. } | E::Limit { .. } => Reason::Unsupported,
        E::WrongBitpix { .. } | E::NotTwoDimensional { .. } | E::NoImage => Reason::NotRaw,
        _ => Reason::Unreadable,
    };
    Dropped::new(reason, error.to_string())
}

/// The user's own tile-compressed frames, through the system's cfitsio.
#[cfg(feature = "cfitsio")]
mod compressed {
    use super::{Dropped, Header, Limits, Path};
    use crowdsky_fits::RawFrame;

    pub(super) fn header(path: &Path) -> Result<Header, Dropped> {
        // cfitsio has no header-only call that also translates the compressed header's keywords.
        frame(path, &Limits::default()).map(|f| f.header)
    }

    pub(super) fn frame(path: &Path, limits: &Limits) -> Result<RawFrame, Dropped> {
        crowdsky_fits::cfitsio::read_fz_u16(path, limits).map_err(super::dropped)
    }
}

/// Without cfitsio tile-compressed frames are named, not read.
#[cfg(not(feature = "cfitsio"))]
mod compressed {
    use super::{Dropped, Header, Limits, Path, Reason};
    use crowdsky_fits::RawFrame;

    pub(super) fn header(_: &Path) -> Result<Header, Dropped> {
        Err(unsupported())
    }

    pub(super) fn frame(_: &Path, _: &Limits) -> Result<RawFrame, Dropped> {
        Err(unsupported())
    }

    fn unsupported() -> Dropped {
        let text =
            "is tile-compressed (.fz): unpack it with `funpack`, or use a build with the feature `cfitsio`";
        Dropped::new(Reason::Unsupported, text)
    }
}
