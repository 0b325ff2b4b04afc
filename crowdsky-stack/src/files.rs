//! The door to FITS: files to frames, a stack to a file.

use crate::error::Error;
use crate::mosaic::{BayerPattern, Mosaic};
use crate::pipeline::Stack;
use crate::report::{Dropped, Reason};
use crate::source::FrameSource;
use crowdsky_core::FrameMeta;
use crowdsky_fits::{
    FitsWriter, Header, ImageRef, Limits, NewColumn, frame_meta, read_header, read_raw_u16, stack_cards,
};
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Endings of the frames that are looked for in a folder, in any case.
const ENDINGS: [&str; 4] = [".fit", ".fits", ".fit.gz", ".fits.gz"];
/// Read only with the feature `cfitsio`, but named in the report in any build.
const COMPRESSED: [&str; 3] = [".fz", ".fit.fz", ".fits.fz"];

/// Files as they are, folders as the frames directly in them (by ending, in order of name); each path once.
///
/// # Errors
/// [`Error::Io`] for a folder that cannot be read, [`Error::NoFrames`] if nothing is left. A file that does not exist is
/// kept: the report will say so.
pub fn find_frames(paths: &[PathBuf]) -> Result<Vec<PathBuf>, Error> {
    let mut found = Vec::new();
    for path in paths {
        if !path.is_dir() {
            found.push(path.clone());
            continue;
        }
        let io = |source| Error::Io { path: path.clone(), source };
        let mut inside = Vec::new();
        for entry in std::fs::read_dir(path).map_err(io)? {
            let entry = entry.map_err(io)?.path();
            let name = entry.file_name().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
            let wanted =
                ENDINGS.iter().chain(&COMPRESSED).any(|e| name.ends_with(e)) && !name.starts_with('.');
            if wanted && !entry.is_dir() {
                inside.push(entry);
            }
        }
        inside.sort();
        found.extend(inside);
    }
    let mut seen = std::collections::HashSet::new();
    found.retain(|p| seen.insert(p.clone()));
    if found.is_empty() { Err(Error::NoFrames) } else { Ok(found) }
}

/// Frames in FITS files.
#[derive(Debug, Clone)]
pub struct FileSource {
    paths: Vec<PathBuf>,
    bayer: Option<BayerPattern>,
    limits: Limits,
}

impl FileSource {
    /// Frames in these files; `bayer` overrides what their headers say of the pattern.
    #[must_use]
    pub fn new(paths: Vec<PathBuf>, bayer: Option<BayerPattern>) -> FileSource {
        FileSource { paths, bayer, limits: Limits::default() }
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

    fn is_compressed(&self, index: usize) -> bool {
        self.paths[index].extension().is_some_and(|e| e.eq_ignore_ascii_case("fz"))
    }

    fn pattern(&self, meta: &FrameMeta) -> Result<BayerPattern, Dropped> {
        if let Some(pattern) = self.bayer {
            return Ok(pattern);
        }
        let hint = "if you know the pattern, give it with --bayer (Seestar: GRBG)";
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
        let frame = if self.is_compressed(index) {
            compressed::frame(&self.paths[index], &self.limits)?
        } else {
            read_raw_u16(self.open(index)?, &self.limits).map_err(dropped)?
        };
        let (meta, _) = frame_meta(&frame.header);
        let pattern = self.pattern(&meta)?;
        let size = (frame.width, frame.height);
        let mosaic = Mosaic::new(size.0, size.1, pattern, frame.pixels);
        mosaic.map(Arc::new).map_err(|e| Dropped::new(Reason::WrongSize, e.to_string()))
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
mod compressed {
    use super::{Dropped, Header, Limits, Path, Reason};
    use crowdsky_fits::RawFrame;

    #[cfg(feature = "cfitsio")]
    pub(super) fn header(path: &Path) -> Result<Header, Dropped> {
        // cfitsio has no header-only call that also translates the compressed header's keywords.
        frame(path, &Limits::default()).map(|f| f.header)
    }

    #[cfg(feature = "cfitsio")]
    pub(super) fn frame(path: &Path, limits: &Limits) -> Result<RawFrame, Dropped> {
        crowdsky_fits::cfitsio::read_fz_u16(path, limits).map_err(super::dropped)
    }

    #[cfg(not(feature = "cfitsio"))]
    pub(super) fn header(_: &Path) -> Result<Header, Dropped> {
        Err(unsupported())
    }

    #[cfg(not(feature = "cfitsio"))]
    pub(super) fn frame(_: &Path, _: &Limits) -> Result<RawFrame, Dropped> {
        Err(unsupported())
    }

    #[cfg(not(feature = "cfitsio"))]
    fn unsupported() -> Dropped {
        Dropped::new(
            Reason::Unsupported,
            "is tile-compressed (.fz): unpack it with `funpack`, or use a build with the feature `cfitsio`",
        )
    }
}

/// How the planes lie in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Layout {
    /// Empty primary, images RED, GREEN, BLUE, FOOTPRINT, REJECTED and the table STAR-TAB.
    #[default]
    Rgb,
    /// One primary image with three planes (NAXIS3 = 3), pixels without data 0, and the table STAR-TAB.
    Cube,
}

/// How a stack is written.
#[derive(Debug, Clone, Copy, Default)]
#[non_exhaustive]
pub struct WriteOptions {
    /// How the planes lie in the file.
    pub layout: Layout,
    /// Whether a file of that name may be replaced.
    pub overwrite: bool,
}

impl WriteOptions {
    /// Sets the layout.
    #[must_use]
    pub fn layout(mut self, layout: Layout) -> Self {
        self.layout = layout;
        self
    }

    /// Allows an existing file to be replaced.
    #[must_use]
    pub fn overwrite(mut self, yes: bool) -> Self {
        self.overwrite = yes;
        self
    }
}

/// Writes `stack` to `path`: under another name first, then renamed, so that no half-written file is ever seen.
///
/// # Errors
/// [`Error::Exists`], [`Error::Io`] (a full disk, a missing folder), [`Error::Fits`].
pub fn write_fits(stack: &Stack, path: &Path, options: &WriteOptions) -> Result<(), Error> {
    write_atomically(path, options.overwrite, |file| {
        let written = encode(stack, file, options.layout);
        written.map_err(|e| match e {
            crowdsky_fits::Error::Io(source) => Error::Io { path: path.to_path_buf(), source },
            source => Error::Fits { path: path.to_path_buf(), source },
        })
    })
}

/// Calls `write` with a new file beside `path`, brings it to the disk and gives it its name; on failure nothing remains.
///
/// # Errors
/// [`Error::Exists`] if `path` is there and `overwrite` is not set; [`Error::Io`]; what `write` returns.
pub fn write_atomically(
    path: &Path,
    overwrite: bool,
    write: impl FnOnce(&mut BufWriter<File>) -> Result<(), Error>,
) -> Result<(), Error> {
    if !overwrite && path.exists() {
        return Err(Error::Exists(path.to_path_buf()));
    }
    let io = |source: std::io::Error| Error::Io { path: path.to_path_buf(), source };
    let mut name = std::ffi::OsString::from(".");
    name.push(path.file_name().ok_or_else(|| io(std::io::ErrorKind::InvalidFilename.into()))?);
    name.push(format!(".{}.part", std::process::id()));
    let part = path.with_file_name(name);
    let result = File::create(&part).map_err(io).and_then(|file| {
        let mut out = BufWriter::with_capacity(1 << 18, file);
        write(&mut out)?;
        out.flush().map_err(io)?;
        out.get_ref().sync_all().map_err(io)?;
        std::fs::rename(&part, path).map_err(io)
    });
    if result.is_err() {
        // Best effort: the first error is the one to tell.
        let _ = std::fs::remove_file(&part);
    }
    result
}

/// The stack as FITS bytes.
///
/// # Errors
/// Those of the writer.
pub fn encode(stack: &Stack, sink: impl Write, layout: Layout) -> Result<(), crowdsky_fits::Error> {
    let (height, width) = stack.planes[0].dim();
    let primary = primary_header(stack);
    let mut bunit = Header::new();
    bunit.set("BUNIT", "adu", "level of one exposure");
    let mut writer = FitsWriter::new(sink);
    match layout {
        Layout::Rgb => {
            writer.write_primary(&primary, None)?;
            let shape = [width, height];
            for (name, plane) in ["RED", "GREEN", "BLUE"].iter().zip(&stack.planes) {
                writer.write_image(name, &bunit, ImageRef::new(&shape, samples(plane)))?;
            }
            let counts = [
                ("FOOTPRINT", &stack.footprint, "frames that cover the pixel"),
                ("REJECTED", &stack.rejected, "of these, frames rejected there"),
            ];
            for (name, plane, what) in counts {
                let mut header = Header::new();
                header.set("BUNIT", "frames", what);
                writer.write_image(name, &header, ImageRef::new(&shape, samples(plane)))?;
            }
        }
        Layout::Cube => {
            // Viewers of cubes take no NaN.
            let cube: Vec<f32> =
                stack.planes.iter().flatten().map(|&v| if v.is_finite() { v } else { 0.0 }).collect();
            let mut header = primary;
            header.set("BUNIT", "adu", "level of one exposure");
            writer.write_primary(&header, Some(ImageRef::new(&[width, height, 3], &cube[..])))?;
        }
    }
    write_stars(&mut writer, stack)
}

/// Planes are made in standard layout; an empty slice would be refused by the writer, not written.
fn samples<T>(plane: &ndarray::Array2<T>) -> &[T] {
    plane.as_slice().unwrap_or(&[])
}

fn primary_header(stack: &Stack) -> Header {
    let mut header = stack_cards(&stack.meta);
    let r = &stack.report;
    header.set("METHOD", r.method.as_str(), "how the samples were combined");
    if let Some(fwhm) = r.fwhm_px {
        header.set("FWHM", round(fwhm), "[pixel] median FWHM of the stars");
    }
    if let Some(rms) = r.registration_rms_px {
        header.set("REGRMS", round(rms), "[pixel] expected error of the registration");
    }
    header.history("CrowdSky: frame, fate, reason");
    for f in &r.frames {
        let name = f.path.rsplit(['/', '\\']).next().unwrap_or(&f.path);
        // Cards hold printable ASCII only.
        let name: String =
            name.chars().map(|c| if c.is_ascii_graphic() || c == ' ' { c } else { '?' }).collect();
        let fate = match (f.accepted, f.reference, f.reason) {
            (true, true, _) => "accepted, reference".to_owned(),
            (true, false, _) => "accepted".to_owned(),
            (false, _, Some(reason)) => format!("dropped, {reason}"),
            (false, _, None) => "dropped".to_owned(),
        };
        header.history(&format!("{name}: {fate}"));
    }
    header
}

/// Four decimals: what the measurement is good for.
fn round(v: f64) -> f64 {
    (v * 1e4).round() / 1e4
}

/// STAR-TAB: the columns of `sep.extract` by their names, then ours.
fn write_stars<W: Write>(writer: &mut FitsWriter<W>, stack: &Stack) -> Result<(), crowdsky_fits::Error> {
    use crate::catalogue::StackStar as S;
    type Real = (&'static str, &'static str, fn(&S) -> f64);
    type Whole = (&'static str, fn(&S) -> i64);
    let whole_before: [Whole; 6] = [
        ("npix", |s| s.npix),
        ("tnpix", |s| s.tnpix),
        ("xmin", |s| s.xmin),
        ("xmax", |s| s.xmax),
        ("ymin", |s| s.ymin),
        ("ymax", |s| s.ymax),
    ];
    let real: [Real; 18] = [
        ("x", "pixel", |s| s.x),
        ("y", "pixel", |s| s.y),
        ("x2", "pixel2", |s| s.x2),
        ("y2", "pixel2", |s| s.y2),
        ("xy", "pixel2", |s| s.xy),
        ("errx2", "pixel2", |s| s.errx2),
        ("erry2", "pixel2", |s| s.erry2),
        ("errxy", "pixel2", |s| s.errxy),
        ("a", "pixel", |s| s.a),
        ("b", "pixel", |s| s.b),
        ("theta", "rad", |s| s.theta),
        ("cxx", "pixel-2", |s| s.cxx),
        ("cyy", "pixel-2", |s| s.cyy),
        ("cxy", "pixel-2", |s| s.cxy),
        ("cflux", "adu", |s| s.cflux),
        ("flux", "adu", |s| s.flux),
        ("cpeak", "adu", |s| s.cpeak),
        ("peak", "adu", |s| s.peak),
    ];
    let whole_after: [Whole; 5] = [
        ("xcpeak", |s| s.xcpeak),
        ("ycpeak", |s| s.ycpeak),
        ("xpeak", |s| s.xpeak),
        ("ypeak", |s| s.ypeak),
        ("flag", |s| s.flag),
    ];
    let ours: [Real; 9] = [
        ("fluxerr", "adu", |s| s.fluxerr),
        ("snr", "", |s| s.snr),
        ("fwhm", "pixel", |s| s.fwhm),
        ("xwin", "pixel", |s| s.xwin),
        ("ywin", "pixel", |s| s.ywin),
        ("flux_r", "adu", |s| s.flux_r),
        ("flux_g", "adu", |s| s.flux_g),
        ("flux_b", "adu", |s| s.flux_b),
        // The stack is not solved: the sky position is not known.
        ("ra", "deg", |_| f64::NAN),
    ];
    let stars = &stack.stars;
    let reals = |get: fn(&S) -> f64| stars.iter().map(get).collect::<Vec<f64>>();
    let wholes = |get: fn(&S) -> i64| stars.iter().map(get).collect::<Vec<i64>>();
    let thresh = reals(|s| s.thresh);
    let before: Vec<Vec<i64>> = whole_before.iter().map(|c| wholes(c.1)).collect();
    let middle: Vec<Vec<f64>> = real.iter().map(|c| reals(c.2)).collect();
    let after: Vec<Vec<i64>> = whole_after.iter().map(|c| wholes(c.1)).collect();
    let last: Vec<Vec<f64>> = ours.iter().map(|c| reals(c.2)).collect();
    let dec = vec![f64::NAN; stars.len()];
    let mut columns = vec![NewColumn::new("thresh", &thresh[..]).unit("adu")];
    columns.extend(whole_before.iter().zip(&before).map(|(c, v)| NewColumn::new(c.0, &v[..])));
    columns.extend(real.iter().zip(&middle).map(|(c, v)| NewColumn::new(c.0, &v[..]).unit(c.1)));
    columns.extend(whole_after.iter().zip(&after).map(|(c, v)| NewColumn::new(c.0, &v[..])));
    columns.extend(ours.iter().zip(&last).map(|(c, v)| NewColumn::new(c.0, &v[..]).unit(c.1)));
    columns.push(NewColumn::new("dec", &dec[..]).unit("deg"));
    writer.write_table("STAR-TAB", &Header::new(), &columns)
}
