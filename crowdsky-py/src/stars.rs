//! The star table as columns.

use crate::arrays::column;
use crowdsky_stack::{STAR_COLUMNS, StackStar, StarValue};
use pyo3::prelude::*;
use pyo3::types::PyDict;

/// Columns by name, as in STAR-TAB.
pub(crate) fn columns<'py>(py: Python<'py>, stars: &[StackStar]) -> PyResult<Bound<'py, PyDict>> {
    let table = PyDict::new(py);
    for of in &STAR_COLUMNS {
        match of.value {
            // As sep has it.
            StarValue::Whole(get) if of.name == "flag" => {
                column(&table, of.name, stars.iter().map(|star| get(star) as i16).collect())?;
            }
            StarValue::Whole(get) => column(&table, of.name, stars.iter().map(get).collect::<Vec<i64>>())?,
            StarValue::Real(get) => column(&table, of.name, stars.iter().map(get).collect::<Vec<f64>>())?,
        }
    }
    Ok(table)
}

/// The units of the columns that have one, as FITS writes them.
#[pyfunction]
pub(crate) fn star_units() -> Vec<(&'static str, &'static str)> {
    STAR_COLUMNS.iter().map(|of| (of.name, of.unit)).filter(|(_, unit)| !unit.is_empty()).collect()
}
