//! The command line, and what its role `inspect` tells of a file.

use crate::{error, run};
use crowdsky_server::cli;
use pyo3::prelude::*;
use std::ffi::OsString;
use std::path::PathBuf;

/// Runs the command line: `arguments` begin with the name of the program, as faults and help show it. The exit status.
#[pyfunction]
pub(crate) fn main(py: Python<'_>, arguments: Vec<OsString>) -> PyResult<u8> {
    // Not `briefly`: it starts threads of its own, and may take hours.
    let done = py.detach(|| std::panic::catch_unwind(|| cli::run_from(arguments)));
    done.map_err(|panic| error::panicked(&*panic))
}

/// Everything that a FITS file says of itself, and every problem with it, as JSON.
#[pyfunction]
pub(crate) fn inspect_json(py: Python<'_>, path: PathBuf) -> PyResult<String> {
    run::briefly(py, 1, || cli::inspect_json(&path))?.map_err(|e| error::value(&e))
}

/// Fails as a fault of ours would, in long work or in short: for the test that no panic reaches anyone.
#[pyfunction]
#[pyo3(name = "_fault")]
#[allow(clippy::panic)]
pub(crate) fn fault(py: Python<'_>, long: bool) -> PyResult<()> {
    if long {
        run::run(py, None, |_| panic!("as wanted"))
    } else {
        run::briefly(py, 1, || panic!("as wanted"))
    }
}
