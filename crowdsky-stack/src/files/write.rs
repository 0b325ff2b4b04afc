//! A stack as FITS, and files that appear whole or not at all.

use super::star_table::write_stars;
use crate::error::Error;
use crate::stack::{Stack, samples};
use crowdsky_fits::{FitsWriter, Header, ImageRef, stack_cards};
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

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
    name.push(path.file_name().ok_or_else(|| io(std::io::ErrorKind::InvalidInput.into()))?);
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
            if let Some(noise) = &stack.noise {
                let mut header = Header::new();
                header.set("BUNIT", "adu2", "variance of the noise: planes red, green, blue");
                for (band, factors) in ["R", "G", "B"].iter().zip(&noise.covariance) {
                    for (radius, &factor) in (1..).zip(factors) {
                        let comment = format!("variance of a sum within {radius} px / sum of these");
                        header.set(&format!("COV{band}{radius}"), round(factor), &comment);
                    }
                }
                let planes: Vec<f32> = noise.variance.iter().flatten().copied().collect();
                writer.write_image("VARIANCE", &header, ImageRef::new(&[width, height, 3], &planes[..]))?;
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

/// What the primary header of a stack's file tells: the frames' common facts, how they were combined, and each one's fate.
#[must_use]
pub fn primary_header(stack: &Stack) -> Header {
    let mut header = stack_cards(&stack.meta);
    let r = &stack.report;
    header.set("METHOD", r.method.as_str(), "how the samples were combined");
    header.set("SHARE", r.share, "planes share their colours: not for photometry");
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
