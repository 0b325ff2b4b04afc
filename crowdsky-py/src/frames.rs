//! Frames as Python hands them over: files, or arrays with what their headers say.

use crate::error;
use crowdsky_core::{BayerPattern, FrameMeta};
use crowdsky_fits::{Header, Limits, frame_meta};
use crowdsky_stack::files::FileSource;
use crowdsky_stack::{Dropped, FrameSource, Mosaic, Reason};
use numpy::{PyArray2, PyArrayMethods, PyUntypedArrayMethods};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

/// A frame: its name, the text of its header if it has one, and its counts; or a file.
#[derive(FromPyObject)]
pub(crate) enum Item {
    #[pyo3(transparent)]
    Array((String, Option<String>, Py<PyArray2<u16>>)),
    #[pyo3(transparent)]
    File(PathBuf),
}

/// All frames of a call, in the order given.
pub(crate) struct Frames {
    files: FileSource,
    items: Vec<Place>,
}

enum Place {
    /// Of that number among the files.
    File(usize),
    Array(Box<Handed>),
}

struct Handed {
    name: String,
    meta: FrameMeta,
    pattern: BayerPattern,
    /// Copied when the stack asks for it, not before: frames that do not fit into memory twice need not.
    counts: Py<PyArray2<u16>>,
}

impl Frames {
    /// `bayer` overrides what headers say; frames without any word of it are taken for a Seestar's, GRBG.
    pub(crate) fn new(py: Python<'_>, items: Vec<Item>, bayer: Option<&str>) -> PyResult<Frames> {
        let bayer = bayer.map(str::parse::<BayerPattern>).transpose().map_err(|e| error::value(&e))?;
        let mut files = Vec::new();
        let places = items.into_iter().map(|item| match item {
            Item::File(path) => {
                files.push(path);
                Ok(Place::File(files.len() - 1))
            }
            Item::Array((name, header, counts)) => {
                Handed::new(py, name, header, counts, bayer).map(|handed| Place::Array(Box::new(handed)))
            }
        });
        let items = places.collect::<PyResult<Vec<_>>>()?;
        Ok(Frames { files: FileSource::new(files, bayer), items })
    }
}

impl Handed {
    fn new(
        py: Python<'_>,
        name: String,
        header: Option<String>,
        counts: Py<PyArray2<u16>>,
        bayer: Option<BayerPattern>,
    ) -> PyResult<Handed> {
        let shape = counts.bind(py).shape().to_vec();
        let mut meta = match header {
            None => FrameMeta::new(0, 0),
            Some(text) => {
                let bytes: Vec<u8> = text.chars().map(|c| u8::try_from(c).unwrap_or(b'?')).collect();
                let read = Header::parse(&bytes, &Limits::default());
                frame_meta(&read.map_err(|e| error::fits(name.as_ref(), &e))?.header).0
            }
        };
        let side = |n: usize| u32::try_from(n).map_err(|e| error::value(&e));
        (meta.height, meta.width, meta.naxis) = (side(shape[0])?, side(shape[1])?, 2);
        // As for files: what is declared is compared with what may be held before any of it is.
        let most = Limits::default().pixels;
        if u64::from(meta.width) * u64::from(meta.height) > most {
            let text = format!(
                "{name} has {} x {} pixels, more than the {most} of any frame",
                meta.width, meta.height
            );
            return Err(PyValueError::new_err(text));
        }
        let pattern = match (bayer, meta.bayer.as_deref()) {
            (Some(pattern), _) => pattern,
            (None, Some(said)) => said.parse().map_err(|e| error::value(&e))?,
            (None, None) => BayerPattern::Grbg,
        };
        Ok(Handed { name, meta, pattern, counts })
    }

    fn load(&self) -> Result<Arc<Mosaic>, Dropped> {
        let (width, height) = (self.meta.width as usize, self.meta.height as usize);
        let pixels = Python::attach(|py| {
            let counts = self.counts.bind(py).try_readonly();
            let counts = counts.map_err(|e| Dropped::new(Reason::Unreadable, e.to_string()))?;
            // In the order of rows: the slice that numpy's crate gives would be that of columns for an array of Fortran's order.
            Ok(counts.as_array().iter().copied().collect::<Vec<u16>>())
        })?;
        let mosaic = Mosaic::new(width, height, self.pattern, pixels);
        mosaic.map(Arc::new).map_err(|e| Dropped::new(Reason::WrongSize, e.to_string()))
    }
}

impl FrameSource for Frames {
    fn len(&self) -> usize {
        self.items.len()
    }

    fn name(&self, index: usize) -> String {
        match &self.items[index] {
            Place::File(file) => self.files.name(*file),
            Place::Array(handed) => handed.name.clone(),
        }
    }

    fn meta(&self, index: usize) -> Result<FrameMeta, Dropped> {
        match &self.items[index] {
            Place::File(file) => self.files.meta(*file),
            Place::Array(handed) => Ok(handed.meta.clone()),
        }
    }

    fn load(&self, index: usize) -> Result<Arc<Mosaic>, Dropped> {
        match &self.items[index] {
            Place::File(file) => self.files.load(*file),
            Place::Array(handed) => handed.load(),
        }
    }

    fn load_part(
        &self,
        index: usize,
        columns: Range<usize>,
        rows: Range<usize>,
        into: &mut [u16],
    ) -> Result<(), Dropped> {
        match &self.items[index] {
            Place::File(file) => self.files.load_part(*file, columns, rows, into),
            Place::Array(handed) => Python::attach(|py| {
                let counts = handed.counts.bind(py).try_readonly();
                let counts = counts.map_err(|e| Dropped::new(Reason::Unreadable, e.to_string()))?;
                let part = counts.as_array();
                let part = part.slice(ndarray::s![rows, columns]);
                into.iter_mut().zip(part.iter()).for_each(|(to, from)| *to = *from);
                Ok(())
            }),
        }
    }
}
