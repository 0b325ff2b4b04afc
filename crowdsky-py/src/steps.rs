//! The steps of a stack, one by one: stars of frames, which star is which, a frame on another's grid.

use crate::frames::{Frames, Item};
use crate::run::{briefly, pool, run};
use crate::{arrays, error};
use crowdsky_stack::{
    Dropped, FrameSource, Progress, SkyMesh, Stage, Star, Transform, aligned, detect, find_stars, match_stars,
};
use numpy::{PyArray2, PyArray3, PyReadonlyArray2, PyReadonlyArray3};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyDict;
use rayon::prelude::*;
use std::sync::atomic::{AtomicUsize, Ordering};

/// What one frame shows: star positions, brightest first, float64 of (stars, 2), x and y with pixel centres at whole numbers; their
/// median width at half maximum, px; and the frame's rows and columns.
type Shown<'py> = (Bound<'py, PyArray2<f64>>, f64, (usize, usize));

/// The stars of each frame, or in words why it cannot be used.
#[pyfunction]
#[pyo3(signature = (frames, *, bayer=None, threads=0, progress=None))]
pub(crate) fn detect_stars<'py>(
    py: Python<'py>,
    frames: Vec<Item>,
    bayer: Option<&str>,
    threads: usize,
    progress: Option<&Bound<'py, PyAny>>,
) -> PyResult<Vec<(Option<Shown<'py>>, Option<String>)>> {
    let frames = Frames::new(py, frames, bayer)?;
    let found = run(py, progress, |watch| {
        let pool = pool(threads)?;
        let (done, total) = (AtomicUsize::new(0), frames.len());
        let one = |index| {
            if watch.stopped() {
                return None;
            }
            let shown = frames.load(index).map(|mosaic| {
                let found = detect(&mosaic, &SkyMesh::measure(&mosaic));
                (found, (mosaic.height(), mosaic.width()))
            });
            watch.update(Stage::Frames, done.fetch_add(1, Ordering::Relaxed) + 1, total);
            Some(shown)
        };
        Ok::<_, PyErr>(pool.install(|| (0..total).into_par_iter().map(one).collect::<Option<Vec<_>>>()))
    })??;
    // Nothing is missing unless Ctrl-C was heard, and then `run` has raised it.
    let told = found.unwrap_or_default().into_iter().map(|shown| match shown {
        Ok((found, shape)) => {
            let places = arrays::points(py, found.stars.iter().map(|star| (star.x, star.y)));
            (Some((places, found.fwhm, shape)), None)
        }
        Err(Dropped { detail, .. }) => (None, Some(detail)),
    });
    Ok(told.collect())
}

/// How two lists of stars hang together: the map from positions of one to those of the other, float64 of (2, 3), and the indices of
/// the same star in both.
type Matched<'py> = (Bound<'py, PyArray2<f64>>, Vec<(usize, usize)>);

/// The rigid map that takes the stars of `source` to those of `target` (positions, brightest first; of frames of `shape`, rows and
/// columns), or None if they do not show the same field.
#[pyfunction]
pub(crate) fn match_positions<'py>(
    py: Python<'py>,
    source: PyReadonlyArray2<'py, f64>,
    target: PyReadonlyArray2<'py, f64>,
    shape: (usize, usize),
) -> PyResult<Option<Matched<'py>>> {
    let (source, target) = (stars(&source)?, stars(&target)?);
    let found = briefly(py, 1, || match_stars(&source, &target, (shape.1, shape.0), &[0.0]))?;
    Ok(found.map(|found| (arrays::plane(py, ndarray::arr2(&found.transform.rows)), found.pairs)))
}

/// Positions as stars of which nothing else is known.
fn stars(places: &PyReadonlyArray2<'_, f64>) -> PyResult<Vec<Star>> {
    let places = places.as_array();
    if places.ncols() != 2 || places.iter().any(|v| !v.is_finite()) {
        return Err(PyValueError::new_err(format!(
            "stars of shape {:?}: finite x and y are needed",
            places.dim()
        )));
    }
    let unknown = |x, y| Star {
        x,
        y,
        flux: [1.0; 3],
        snr: 1.0,
        fwhm: f64::NAN,
        covariance: [1.0, 0.0, 1.0],
        saturated: false,
    };
    Ok(places.rows().into_iter().map(|place| unknown(place[0], place[1])).collect())
}

/// A frame in full colour, and where it has data.
type Aligned<'py> = (Bound<'py, PyArray3<f32>>, Bound<'py, PyArray2<bool>>);

/// A frame in full colour on the grid of `shape` (rows, columns) that `matrix` (2, 3) maps its pixels to: float32 of (rows, columns,
/// 3), NaN where it has no data; and where it has.
#[pyfunction]
#[pyo3(signature = (frame, matrix, shape, *, bayer=None))]
pub(crate) fn align<'py>(
    py: Python<'py>,
    frame: Item,
    matrix: [[f64; 3]; 2],
    shape: (usize, usize),
    bayer: Option<&str>,
) -> PyResult<Aligned<'py>> {
    let frames = Frames::new(py, vec![frame], bayer)?;
    let made = briefly(py, 0, || {
        let mosaic = frames.load(0).map_err(|e| error::dropped(&frames.name(0), &e))?;
        let made = aligned(&mosaic, &Transform { rows: matrix }, (shape.1, shape.0));
        made.ok_or_else(|| PyValueError::new_err("this transform cannot be undone"))
    })??;
    Ok((arrays::interleaved(py, &made.planes), arrays::plane(py, made.covered)))
}

/// The stars of a picture, float32 of (rows, columns, 3), `sigma` above the noise of its sky: columns by name, ascending flux.
#[pyfunction]
pub(crate) fn stars_of_picture<'py>(
    py: Python<'py>,
    rgb: PyReadonlyArray3<'py, f32>,
    coverage: PyReadonlyArray2<'py, u16>,
    sigma: f64,
) -> PyResult<Bound<'py, PyDict>> {
    let planes = arrays::separated(&rgb)?;
    let coverage = coverage.as_array().as_standard_layout().into_owned();
    if planes[0].dim() != coverage.dim() {
        let text = format!("a picture of {:?} pixels, a coverage of {:?}", planes[0].dim(), coverage.dim());
        return Err(PyValueError::new_err(text));
    }
    if !(sigma > 0.0 && sigma.is_finite()) {
        return Err(PyValueError::new_err(format!("a threshold of {sigma} sigma: give a number above 0")));
    }
    crate::stars::columns(py, &briefly(py, 0, || find_stars(&planes, &coverage, sigma))?)
}
