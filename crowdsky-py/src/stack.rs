//! Frames into a stack.

use crate::frames::{Frames, Item};
use crate::header::{self, Cards};
use crate::run::{briefly, number, run};
use crate::{arrays, error, stars};
use crowdsky_stack::files::{Layout, WriteOptions, encode, primary_header, write_fits};
use crowdsky_stack::preview::{self, Preview};
use crowdsky_stack::{Method, Reference, StackOptions};
use numpy::{IntoPyArray, PyArray2, PyArray3};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict};
use std::path::PathBuf;

/// A finished stack.
#[pyclass(frozen, module = "crowdsky._core")]
pub(crate) struct Stack {
    stack: crowdsky_stack::Stack,
}

/// Red, green and blue.
type Planes<'py, T> = [Bound<'py, PyArray2<T>>; 3];

#[pymethods]
impl Stack {
    /// Red, green, blue: float32 of (rows, columns), read-only, not copied.
    #[getter]
    fn planes(slf: Bound<'_, Self>) -> PyResult<Planes<'_, f32>> {
        three(&slf, &slf.get().stack.planes)
    }

    /// The same as one new array of (rows, columns, 3).
    #[getter]
    fn rgb<'py>(&self, py: Python<'py>) -> Bound<'py, PyArray3<f32>> {
        arrays::interleaved(py, &self.stack.planes)
    }

    /// Frames that cover each pixel: uint16 of (rows, columns), read-only, not copied.
    #[getter]
    fn coverage(slf: Bound<'_, Self>) -> PyResult<Bound<'_, PyArray2<u16>>> {
        arrays::borrowed(slf.clone().into_any(), &slf.get().stack.footprint)
    }

    /// Samples that were rejected at each pixel, likewise.
    #[getter]
    fn rejected(slf: Bound<'_, Self>) -> PyResult<Bound<'_, PyArray2<u16>>> {
        arrays::borrowed(slf.clone().into_any(), &slf.get().stack.rejected)
    }

    /// Variance of each plane's noise, ADU²; None for the methods `mean` and `median`.
    #[getter]
    fn variance(slf: Bound<'_, Self>) -> PyResult<Option<Planes<'_, f32>>> {
        let noise = slf.get().stack.noise.as_ref();
        noise.map(|noise| three(&slf, &noise.variance)).transpose()
    }

    /// By how much sums over discs of 1 to 6 px vary more than their pixels, by band: float64 of (3, 6).
    #[getter]
    fn covariance<'py>(&self, py: Python<'py>) -> Option<Bound<'py, PyArray2<f64>>> {
        self.stack.noise.as_ref().map(|noise| arrays::plane(py, ndarray::arr2(&noise.covariance)))
    }

    /// The stars: columns by name, in order of ascending flux.
    fn stars<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        stars::columns(py, &self.stack.stars)
    }

    /// The cards of its file's first header.
    fn header<'py>(&self, py: Python<'py>) -> PyResult<Cards<'py>> {
        header::cards(py, &primary_header(&self.stack), "the stack".as_ref())
    }

    /// What became of every frame, as JSON.
    #[getter]
    fn report_json(&self) -> PyResult<String> {
        serde_json::to_string(&self.stack.report).map_err(|e| error::value(&e))
    }

    /// Writes it as FITS: complete, or not at all.
    fn write_fits(&self, py: Python<'_>, path: PathBuf, layout: &str, overwrite: bool) -> PyResult<()> {
        let options = WriteOptions::default().layout(layout_of(layout)?).overwrite(overwrite);
        briefly(py, 0, || write_fits(&self.stack, &path, &options))?.map_err(|e| error::stack(&e))
    }

    /// The bytes of that file.
    fn fits_bytes<'py>(&self, py: Python<'py>, layout: &str) -> PyResult<Bound<'py, PyBytes>> {
        let layout = layout_of(layout)?;
        let made = briefly(py, 0, || {
            let mut bytes = Vec::new();
            encode(&self.stack, &mut bytes, layout).map(|()| bytes)
        })?;
        Ok(PyBytes::new(py, &made.map_err(|e| error::fits("the stack".as_ref(), &e))?))
    }

    /// The picture with at most `longest` pixels on its longer side: uint8 of (rows, columns, 3).
    #[pyo3(signature = (longest=None))]
    fn preview<'py>(&self, py: Python<'py>, longest: Option<usize>) -> PyResult<Bound<'py, PyArray3<u8>>> {
        let picture = self.picture(py, longest)?;
        let shape = (picture.height, picture.width, 3);
        let pixels = ndarray::Array3::from_shape_vec(shape, picture.rgb).map_err(|e| error::value(&e))?;
        Ok(pixels.into_pyarray(py))
    }

    /// The same as the bytes of a PNG file.
    #[pyo3(signature = (longest=None))]
    fn preview_png<'py>(&self, py: Python<'py>, longest: Option<usize>) -> PyResult<Bound<'py, PyBytes>> {
        let picture = self.picture(py, longest)?;
        let mut bytes = Vec::new();
        picture.encode_png(&mut bytes).map_err(|e| error::value(&e))?;
        Ok(PyBytes::new(py, &bytes))
    }
}

impl Stack {
    fn picture(&self, py: Python<'_>, longest: Option<usize>) -> PyResult<Preview> {
        briefly(py, 0, || {
            let whole = preview::render(&self.stack);
            longest.map(|longest| whole.shrunk(longest)).unwrap_or(whole)
        })
    }
}

/// Three planes that `slf` keeps.
fn three<'py>(
    slf: &Bound<'py, Stack>,
    [red, green, blue]: &[ndarray::Array2<f32>; 3],
) -> PyResult<Planes<'py, f32>> {
    let plane = |values| arrays::borrowed(slf.clone().into_any(), values);
    Ok([plane(red)?, plane(green)?, plane(blue)?])
}

fn layout_of(name: &str) -> PyResult<Layout> {
    match name {
        "rgb" => Ok(Layout::Rgb),
        "cube" => Ok(Layout::Cube),
        other => Err(PyValueError::new_err(format!("layout {other:?}: \"rgb\" or \"cube\""))),
    }
}

/// Stacks raw frames; `prefer` makes `reference` a wish, where else it is an error if that frame cannot be used.
#[pyfunction]
#[pyo3(signature = (frames, *, method="auto", share=false, sigma=None, reference=None, prefer=false, allow_mixed=false, threads=0, memory=None, bayer=None, progress=None))]
#[allow(clippy::too_many_arguments)] // They have names in Python.
pub(crate) fn stack(
    py: Python<'_>,
    frames: Vec<Item>,
    method: &str,
    share: bool,
    sigma: Option<f64>,
    reference: Option<String>,
    prefer: bool,
    allow_mixed: bool,
    threads: usize,
    memory: Option<u64>,
    bayer: Option<&str>,
    progress: Option<&Bound<'_, PyAny>>,
) -> PyResult<Stack> {
    let method = match method {
        "auto" => Method::Auto,
        "lsq" => Method::Lsq,
        "mean" => Method::Mean,
        "median" => Method::Median,
        other => return Err(PyValueError::new_err(format!("method {other:?}: auto, lsq, mean or median"))),
    };
    // Threads of its own for each stack: see `briefly`.
    let mut options =
        StackOptions::default().method(method).share(share).threads(number(threads)).memory(memory);
    let named = if prefer { Reference::Preferred } else { Reference::Named };
    options = options.allow_mixed(allow_mixed).reference(reference.map_or(Reference::Auto, named));
    if let Some(sigma) = sigma {
        options = options.sigma(sigma).map_err(|e| error::value(&e))?;
    }
    let frames = Frames::new(py, frames, bayer)?;
    let made = run(py, progress, |watch| crowdsky_stack::stack(&frames, &options, watch))?;
    made.map(|stack| Stack { stack }).map_err(|e| error::stack(&e))
}

/// Files as they are, folders as the frames directly in them, in order of name; each path once.
#[pyfunction]
pub(crate) fn find_frames(py: Python<'_>, paths: Vec<PathBuf>) -> PyResult<Vec<PathBuf>> {
    let found = briefly(py, 1, || crowdsky_stack::files::find_frames(&paths))?;
    found.map_err(|e| error::stack(&e))
}
