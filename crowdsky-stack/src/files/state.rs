//! The state beside a stack, and the planes of a stack whose raw frames are gone.

use super::write_atomically;
use crate::error::Error;
use crate::pipeline::Planes;
use crate::state::{State, StateError, decode, encode};
use crowdsky_fits::{HduReader, Limits, Samples};
use ndarray::Array2;
use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};

/// Where the state of the stack `path` is kept: beside it, with `.state` behind its name.
#[must_use]
pub fn state_path(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".state");
    PathBuf::from(name)
}

/// Writes a state to `path`, whole or not at all.
///
/// # Errors
/// [`Error::Exists`], [`Error::Io`].
pub fn write_state(state: &State, path: &Path, overwrite: bool) -> Result<(), Error> {
    write_atomically(path, overwrite, |file| {
        encode(state, file).map_err(|source| Error::Io { path: path.to_path_buf(), source })
    })
}

/// Reads a state.
///
/// # Errors
/// [`Error::Io`] if there is none, [`Error::State`] if it cannot be used.
pub fn read_state(path: &Path) -> Result<State, Error> {
    let file = File::open(path).map_err(|source| Error::Io { path: path.to_path_buf(), source })?;
    decode(BufReader::new(file)).map_err(|source| Error::State { path: path.to_path_buf(), source })
}

/// Reads the planes of a stack that was written with [`super::Layout::Rgb`].
///
/// # Errors
/// [`Error::Io`], [`Error::Fits`]; [`Error::State`] if a plane is missing, as with [`super::Layout::Cube`].
pub fn read_planes(path: &Path) -> Result<Planes, Error> {
    let io = |source| Error::Io { path: path.to_path_buf(), source };
    let fits = |source| match source {
        crowdsky_fits::Error::Io(source) => io(source),
        source => Error::Fits { path: path.to_path_buf(), source },
    };
    let wrong = |what| Error::State { path: path.to_path_buf(), source: StateError::Damaged(what) };
    let missing = || wrong("planes that stacks of the layout rgb have are missing");
    let mut hdus = HduReader::new(File::open(path).map_err(io)?, &Limits::default()).map_err(fits)?;
    let mut colours: [Option<Array2<f32>>; 3] = Default::default();
    let mut counts: [Option<Array2<u16>>; 2] = Default::default();
    let mut variance = None;
    while let Some(mut hdu) = hdus.next_hdu().map_err(fits)? {
        let name = hdu.head().header.text("EXTNAME").unwrap_or_default().to_owned();
        let colour = ["RED", "GREEN", "BLUE"].iter().position(|n| *n == name);
        let count = ["FOOTPRINT", "REJECTED"].iter().position(|n| *n == name);
        if colour.is_none() && count.is_none() && name != "VARIANCE" {
            continue;
        }
        let image = hdu.image().map_err(fits)?;
        let (Some(&width), Some(&height)) = (image.shape.first(), image.shape.get(1)) else {
            return Err(missing());
        };
        match (image.samples, colour, count) {
            (Samples::F32(values), Some(b), _) => {
                colours[b] = Some(Array2::from_shape_vec((height, width), values).map_err(|_| missing())?);
            }
            (Samples::U16(values), _, Some(c)) => {
                counts[c] = Some(Array2::from_shape_vec((height, width), values).map_err(|_| missing())?);
            }
            (Samples::F32(values), None, None) if values.len() == 3 * width * height => {
                let part = |b: usize| values[b * width * height..(b + 1) * width * height].to_vec();
                let plane =
                    |b: usize| Array2::from_shape_vec((height, width), part(b)).map_err(|_| missing());
                variance = Some([plane(0)?, plane(1)?, plane(2)?]);
            }
            _ => return Err(wrong("a plane has other numbers than stacks have")),
        }
    }
    let ([Some(red), Some(green), Some(blue)], [Some(footprint), Some(rejected)]) = (colours, counts) else {
        return Err(missing());
    };
    let shape = red.dim();
    let others = [green.dim(), blue.dim(), footprint.dim(), rejected.dim()];
    let told = variance.iter().flatten().map(|v| v.dim());
    if others.into_iter().chain(told).any(|other| other != shape) {
        return Err(wrong("its planes differ in size"));
    }
    Ok(Planes { planes: [red, green, blue], variance, footprint, rejected })
}
