//! The extension module behind the Python package `crowdsky`: converts, lets other threads run, calls, converts back.

mod arrays;
mod chunk;
mod command;
mod error;
mod frames;
mod header;
mod run;
mod stack;
mod stars;
mod steps;

use pyo3::prelude::*;

/// What `crowdsky` is made of. Import `crowdsky` instead.
#[pymodule(gil_used = false)]
mod _core {
    use super::{Bound, PyModule, PyModuleMethods, PyResult};
    #[pymodule_export]
    use crate::chunk::{ChunkKey, group_frames, healpix};
    #[pymodule_export]
    use crate::command::{fault, inspect_json, main};
    #[pymodule_export]
    use crate::header::{read_header, read_image};
    #[pymodule_export]
    use crate::stack::{Stack, find_frames, stack};
    #[pymodule_export]
    use crate::stars::star_units;
    #[pymodule_export]
    use crate::steps::{align, detect_stars, match_positions, stars_of_picture};

    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        module.add("__version__", env!("CARGO_PKG_VERSION"))
    }
}
