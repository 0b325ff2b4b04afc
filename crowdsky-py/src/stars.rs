//! The star table as columns.

use crate::arrays::column;
use crowdsky_stack::StackStar as S;
use pyo3::prelude::*;
use pyo3::types::PyDict;

/// Columns by name: those of `sep.extract`, then ours, as in STAR-TAB.
pub(crate) fn columns<'py>(py: Python<'py>, stars: &[S]) -> PyResult<Bound<'py, PyDict>> {
    let table = PyDict::new(py);
    let real = |name: &str, get: fn(&S) -> f64| column(&table, name, stars.iter().map(get).collect());
    let whole = |name: &str, get: fn(&S) -> i64| column(&table, name, stars.iter().map(get).collect());
    real("thresh", |s| s.thresh)?;
    whole("npix", |s| s.npix)?;
    whole("tnpix", |s| s.tnpix)?;
    whole("xmin", |s| s.xmin)?;
    whole("xmax", |s| s.xmax)?;
    whole("ymin", |s| s.ymin)?;
    whole("ymax", |s| s.ymax)?;
    real("x", |s| s.x)?;
    real("y", |s| s.y)?;
    real("x2", |s| s.x2)?;
    real("y2", |s| s.y2)?;
    real("xy", |s| s.xy)?;
    real("errx2", |s| s.errx2)?;
    real("erry2", |s| s.erry2)?;
    real("errxy", |s| s.errxy)?;
    real("a", |s| s.a)?;
    real("b", |s| s.b)?;
    real("theta", |s| s.theta)?;
    real("cxx", |s| s.cxx)?;
    real("cyy", |s| s.cyy)?;
    real("cxy", |s| s.cxy)?;
    real("cflux", |s| s.cflux)?;
    real("flux", |s| s.flux)?;
    real("cpeak", |s| s.cpeak)?;
    real("peak", |s| s.peak)?;
    whole("xcpeak", |s| s.xcpeak)?;
    whole("ycpeak", |s| s.ycpeak)?;
    whole("xpeak", |s| s.xpeak)?;
    whole("ypeak", |s| s.ypeak)?;
    column(&table, "flag", stars.iter().map(|s| s.flag as i16).collect())?;
    real("fluxerr", |s| s.fluxerr)?;
    real("snr", |s| s.snr)?;
    real("fwhm", |s| s.fwhm)?;
    real("xwin", |s| s.xwin)?;
    real("ywin", |s| s.ywin)?;
    real("flux_r", |s| s.flux_r)?;
    real("flux_g", |s| s.flux_g)?;
    real("flux_b", |s| s.flux_b)?;
    Ok(table)
}
