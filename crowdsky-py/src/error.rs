//! The one place where an error becomes an exception.

use crowdsky_server::cli::causes;
use pyo3::exceptions::{
    PyFileExistsError, PyFileNotFoundError, PyKeyboardInterrupt, PyMemoryError, PyOSError, PyPermissionError,
    PyValueError,
};
use pyo3::import_exception;
use pyo3::prelude::*;
use std::error::Error;
use std::io::ErrorKind;
use std::path::Path;

// Python has their classes: one of them has two parents, which cannot be said here.
import_exception!(crowdsky._errors, CrowdskyError);
import_exception!(crowdsky._errors, FitsError);
import_exception!(crowdsky._errors, StackError);

/// A fault of the file system, as Python names it.
pub(crate) fn io(path: &Path, error: &std::io::Error) -> PyErr {
    if let Some(code) = error.raw_os_error() {
        // With a number OSError becomes FileNotFoundError, IsADirectoryError, ... by itself.
        let text = error.to_string();
        let text = text.split(" (os error").next().unwrap_or_default().to_owned();
        return PyOSError::new_err((code, text, path.display().to_string()));
    }
    let text = format!("{}: {error}", path.display());
    match error.kind() {
        ErrorKind::NotFound => PyFileNotFoundError::new_err(text),
        ErrorKind::PermissionDenied => PyPermissionError::new_err(text),
        ErrorKind::AlreadyExists => PyFileExistsError::new_err(text),
        _ => PyOSError::new_err(text),
    }
}

/// A fault of a FITS file.
pub(crate) fn fits(path: &Path, error: &crowdsky_fits::Error) -> PyErr {
    match error {
        crowdsky_fits::Error::Io(source) => io(path, source),
        _ => FitsError::new_err(format!("{}: {}", path.display(), causes(error))),
    }
}

/// A bad argument.
pub(crate) fn value(error: &dyn Error) -> PyErr {
    PyValueError::new_err(causes(error))
}

/// A stack that could not be made.
pub(crate) fn stack(error: &crowdsky_stack::Error) -> PyErr {
    use crowdsky_stack::Error as E;
    match error {
        E::NoFrames | E::Shape { .. } | E::Reference { .. } => value(error),
        E::Io { path, source } => io(path, source),
        E::Exists(path) => PyFileExistsError::new_err(format!(
            "{} exists already: pass overwrite=True, or choose another name",
            path.display()
        )),
        E::Fits { path, source } => fits(path, source),
        E::Memory { .. } => PyMemoryError::new_err(causes(error)),
        E::Stopped => PyKeyboardInterrupt::new_err("the stack was given up"),
        // Without the report the message still tells the first reason.
        E::NothingToStack { report, .. } => {
            StackError::new_err((causes(error), serde_json::to_string(report).ok()))
        }
        _ => StackError::new_err(causes(error)),
    }
}

/// A frame that cannot be used.
pub(crate) fn dropped(name: &str, dropped: &crowdsky_stack::Dropped) -> PyErr {
    FitsError::new_err(format!("{name}: {}", dropped.detail))
}

/// Threads that cannot be started.
pub(crate) fn threads(error: &dyn Error) -> PyErr {
    PyOSError::new_err(format!("cannot start threads: {error}"))
}

/// A fault of ours: never a `PanicException`, which `except Exception` does not catch.
pub(crate) fn panicked(panic: &(dyn std::any::Any + Send)) -> PyErr {
    let text = panic.downcast_ref::<&str>().map(|s| (*s).to_owned());
    let text = text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_default();
    CrowdskyError::new_err(format!("a fault of crowdsky itself, please report it: {text}"))
}
