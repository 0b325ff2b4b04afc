//! numpy and ndarray.

use ndarray::{Array1, Array2, Array3, ArrayView2, Axis};
use numpy::{IntoPyArray, PyArray1, PyArray2, PyArray3, PyArrayMethods};
use pyo3::prelude::*;
use pyo3::types::PyDict;

/// A plane, handed over without a copy.
pub(crate) fn plane<T: numpy::Element>(py: Python<'_>, values: Array2<T>) -> Bound<'_, PyArray2<T>> {
    values.into_pyarray(py)
}

/// A plane that `owner` keeps, as an array that cannot be written: no copy is made, and `owner` lives as long as the array.
///
/// `values` must be what `owner` holds, and `owner` must never change or move what `values` owns: both hold for a field of a frozen
/// class without interior mutability.
#[allow(unsafe_code)]
pub(crate) fn borrowed<'py, T: numpy::Element>(
    owner: Bound<'py, PyAny>,
    values: &Array2<T>,
) -> PyResult<Bound<'py, PyArray2<T>>> {
    // SAFETY: the array takes a reference to `owner`, whose field `values` is, so the samples outlive it. They lie on the heap and
    // nothing in Rust moves or writes them. Nor does Python: the array is made read-only before anyone sees it, and numpy takes that
    // back only for arrays that own their data.
    let array = unsafe { PyArray2::borrow_from_array(values, owner) };
    array.try_readwrite().map_err(PyErr::from)?.make_nonwriteable();
    Ok(array)
}

/// Three planes as one array of (rows, columns, 3), as pictures have them.
pub(crate) fn interleaved<'py>(py: Python<'py>, planes: &[Array2<f32>; 3]) -> Bound<'py, PyArray3<f32>> {
    // 25 ms for 2 Mpx: others may run meanwhile.
    let all = py.detach(|| {
        let views: [ArrayView2<'_, f32>; 3] = planes.each_ref().map(|plane| plane.view());
        // All planes of a stack have one shape.
        let mut all = Array3::zeros((views[0].nrows(), views[0].ncols(), 3));
        for (view, mut out) in views.iter().zip(all.axis_iter_mut(Axis(2))) {
            out.assign(view);
        }
        all
    });
    all.into_pyarray(py)
}

/// Three planes from an array of (rows, columns, 3).
pub(crate) fn separated(all: &numpy::PyReadonlyArray3<'_, f32>) -> PyResult<[Array2<f32>; 3]> {
    let all = all.as_array();
    if all.dim().2 != 3 {
        let text = format!("a picture of shape {:?}: (rows, columns, 3) is needed", all.dim());
        return Err(pyo3::exceptions::PyValueError::new_err(text));
    }
    Ok([0, 1, 2].map(|b| all.index_axis(Axis(2), b).as_standard_layout().into_owned()))
}

/// Positions as float64 of (points, 2).
pub(crate) fn points<'py>(
    py: Python<'py>,
    places: impl ExactSizeIterator<Item = (f64, f64)>,
) -> Bound<'py, PyArray2<f64>> {
    let mut all = Array2::zeros((places.len(), 2));
    for ((x, y), mut row) in places.zip(all.rows_mut()) {
        (row[0], row[1]) = (x, y);
    }
    all.into_pyarray(py)
}

/// Adds a column.
pub(crate) fn column<T: numpy::Element>(
    table: &Bound<'_, PyDict>,
    name: &str,
    values: Vec<T>,
) -> PyResult<()> {
    let values: Bound<'_, PyArray1<T>> = Array1::from_vec(values).into_pyarray(table.py());
    table.set_item(name, values)
}
