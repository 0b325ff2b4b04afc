//! Headers and images of FITS files.

use crate::{error, run};
use crowdsky_core::FrameMeta;
use crowdsky_fits::{HduReader, Header, Image, Limits, OpenHdu, Samples, Source, Value, frame_meta};
use ndarray::{ArrayD, IxDyn};
use numpy::IntoPyArray;
use pyo3::exceptions::{PyIndexError, PyKeyError};
use pyo3::prelude::*;
use std::fs::File;
use std::path::{Path, PathBuf};

/// What the header of a frame says.
pub(crate) fn meta(source: impl Source) -> Result<FrameMeta, crowdsky_fits::Error> {
    crowdsky_fits::read_header(source, &Limits::default()).map(|(header, _)| frame_meta(&header).0)
}

/// A unit of a file: its place, or its EXTNAME.
#[derive(FromPyObject)]
pub(crate) enum Unit {
    #[pyo3(transparent)]
    Index(isize),
    #[pyo3(transparent)]
    Name(String),
}

impl Unit {
    fn is(&self, index: usize, header: &Header) -> bool {
        match self {
            Unit::Index(wanted) => usize::try_from(*wanted) == Ok(index),
            Unit::Name(wanted) => {
                header.text("EXTNAME").is_some_and(|name| name.eq_ignore_ascii_case(wanted))
            }
        }
    }

    fn missing(&self, path: &Path) -> PyErr {
        match self {
            Unit::Index(index) => PyIndexError::new_err(format!("{}: has no unit {index}", path.display())),
            Unit::Name(name) => PyKeyError::new_err(format!("{}: has no unit {name:?}", path.display())),
        }
    }
}

/// What `take` makes of the first unit of the file that it wants.
fn with_unit<T>(
    path: &Path,
    mut take: impl FnMut(&mut OpenHdu<'_, File>) -> Result<Option<T>, crowdsky_fits::Error>,
) -> PyResult<Option<T>> {
    let fits = |e| error::fits(path, &e);
    let file = File::open(path).map_err(|e| error::io(path, &e))?;
    let mut units = HduReader::new(file, &Limits::default()).map_err(fits)?;
    while let Some(mut unit) = units.next_hdu().map_err(fits)? {
        if let Some(taken) = take(&mut unit).map_err(fits)? {
            return Ok(Some(taken));
        }
    }
    Ok(None)
}

/// The cards of a header: keyword, value, comment; and the text of all of them, 80 characters each.
pub(crate) type Cards<'py> = (Vec<(String, Option<Bound<'py, PyAny>>, String)>, String);

/// The cards of a unit of a file. Of the first one, nothing behind its header is read.
#[pyfunction]
pub(crate) fn read_header(py: Python<'_>, path: PathBuf, hdu: Unit) -> PyResult<Cards<'_>> {
    let header = run::briefly(py, 1, || {
        if let Unit::Index(0) = hdu {
            let file = File::open(&path).map_err(|e| error::io(&path, &e))?;
            let read = crowdsky_fits::read_header(file, &Limits::default());
            return read.map(|(header, _)| header).map_err(|e| error::fits(&path, &e));
        }
        let found = with_unit(&path, |unit| {
            let head = unit.head();
            Ok(hdu.is(head.index, &head.header).then(|| head.header.clone()))
        })?;
        found.ok_or_else(|| hdu.missing(&path))
    })??;
    cards(py, &header, &path)
}

/// The cards of the header of `path`.
pub(crate) fn cards<'py>(py: Python<'py>, header: &Header, path: &Path) -> PyResult<Cards<'py>> {
    let mut text = Vec::new();
    let mut all = Vec::with_capacity(header.cards().len());
    for card in header.cards() {
        match card.image() {
            Some(image) => text.extend_from_slice(image),
            None => text.extend(card.print().map_err(|e| error::fits(path, &e))?.iter().flatten()),
        }
        let value = card.value().map(|value| python(py, value)).transpose()?;
        all.push((card.keyword().to_owned(), value, card.comment().to_owned()));
    }
    // What is no ASCII is shown, and never lost by accident: one byte, one character.
    Ok((all, text.iter().map(|&byte| char::from(byte)).collect()))
}

/// As Python has it.
fn python<'py>(py: Python<'py>, value: &Value) -> PyResult<Bound<'py, PyAny>> {
    Ok(match value {
        Value::Undefined => py.None().into_bound(py),
        Value::Logical(b) => b.into_pyobject(py)?.to_owned().into_any(),
        Value::Integer(i) => i.into_pyobject(py)?.into_any(),
        Value::BigInteger(digits) => py.import("builtins")?.getattr("int")?.call1((digits,))?,
        Value::Real(r) => r.into_pyobject(py)?.into_any(),
        Value::Complex(re, im) => pyo3::types::PyComplex::from_doubles(py, *re, *im).into_any(),
        Value::Str(text) | Value::Invalid(text) => text.into_pyobject(py)?.into_any(),
        other => format!("{other:?}").into_pyobject(py)?.into_any(),
    })
}

/// An image of a file as a numpy array, slowest axis first: of its own type, or, with BSCALE, BZERO or BLANK, float64.
/// `hdu` None takes the first image that has pixels.
#[pyfunction]
#[pyo3(signature = (path, hdu=None))]
pub(crate) fn read_image(py: Python<'_>, path: PathBuf, hdu: Option<Unit>) -> PyResult<Bound<'_, PyAny>> {
    let image = run::briefly(py, 1, || {
        let found = with_unit(&path, |unit| {
            let head = unit.head();
            let wanted = match &hdu {
                Some(hdu) => hdu.is(head.index, &head.header),
                None => head.layout.kind.is_image() && head.layout.pixels() > 0,
            };
            if !wanted {
                return Ok(None);
            }
            if head.layout.kind.is_image() && head.layout.pixels() == 0 {
                return Err(crowdsky_fits::Error::NoImage);
            }
            unit.image().map(|image| Some(plain(image)))
        })?;
        found.ok_or_else(|| match &hdu {
            Some(hdu) => hdu.missing(&path),
            None => error::fits(&path, &crowdsky_fits::Error::NoImage),
        })
    })??;
    array(py, image)
}

/// An image's shape, slowest axis first, and its samples as people mean them: the physical values where they are scaled.
fn plain(image: Image) -> (Vec<usize>, Samples) {
    let shape = image.shape.iter().rev().copied().collect();
    let as_it_is = image.bscale == 1.0 && image.bzero == 0.0 && image.blank.is_none();
    (shape, if as_it_is { image.samples } else { Samples::F64(image.physical()) })
}

fn array(py: Python<'_>, (shape, samples): (Vec<usize>, Samples)) -> PyResult<Bound<'_, PyAny>> {
    macro_rules! typed {
        ($($kind:ident)+) => {
            match samples {
                $(Samples::$kind(values) => {
                    let array = ArrayD::from_shape_vec(IxDyn(&shape), values).map_err(|e| error::value(&e))?;
                    Ok(array.into_pyarray(py).into_any())
                })+
            }
        };
    }
    typed!(U8 I16 I32 I64 F32 F64 I8 U16 U32 U64)
}
