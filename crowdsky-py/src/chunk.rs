//! Keys of 15-minute chunks, and which frames belong into one.

use crate::{error, header, run};
use crowdsky_core::filename::{Exposure, crowdsky_stack_name};
use crowdsky_core::healpix::ang2pix_ring;
use crowdsky_core::{Chunk, FrameMeta, HealpixTile, SkyPos, UtcTime, group_into_chunks};
use numpy::{PyArray1, PyReadonlyArray1};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PyString};
use std::path::PathBuf;

/// The key of a chunk: its 15 minutes (UTC) and where the telescope pointed, as `20250327.05_193.1_+40.9`, or with the number of
/// a HEALPix tile, `20250327.05_HP033810`.
///
/// Keys are equal if their texts are, and come in the order of their texts. `ValueError` tells what is wrong with a text.
#[pyclass(frozen, eq, ord, hash, str, module = "crowdsky")]
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct ChunkKey {
    text: String,
    // It follows from the text, so it never decides an order.
    key: crowdsky_core::ChunkKey,
}

impl std::fmt::Display for ChunkKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.text)
    }
}

impl From<crowdsky_core::ChunkKey> for ChunkKey {
    fn from(key: crowdsky_core::ChunkKey) -> ChunkKey {
        ChunkKey { text: key.to_string(), key }
    }
}

#[pymethods]
impl ChunkKey {
    #[new]
    fn new(text: &str) -> PyResult<ChunkKey> {
        text.parse::<crowdsky_core::ChunkKey>().map(ChunkKey::from).map_err(|e| error::value(&e))
    }

    /// The key of a frame taken at `date_obs` (ISO 8601, UTC) at `ra` and `dec` (degrees, rounded to 0.1).
    #[staticmethod]
    #[pyo3(signature = (date_obs, ra=None, dec=None))]
    fn position(date_obs: &str, ra: Option<f64>, dec: Option<f64>) -> PyResult<ChunkKey> {
        let place = match (ra, dec) {
            (None, None) => None,
            (Some(ra), Some(dec)) => Some(place(ra, dec)?),
            _ => return Err(PyValueError::new_err("give both ra and dec, or none of them")),
        };
        Ok(crowdsky_core::ChunkKey::position(time(date_obs)?, place.as_ref()).into())
    }

    /// The same with the HEALPix tile (NSIDE 128, RING) that the pointing lies in.
    #[staticmethod]
    fn healpix(date_obs: &str, ra: f64, dec: f64) -> PyResult<ChunkKey> {
        Ok(crowdsky_core::ChunkKey::healpix(time(date_obs)?, &place(ra, dec)?).into())
    }

    /// When the 15 minutes begin (UTC).
    #[getter]
    fn start<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        moment(py, self.key.slot().start())
    }

    /// When they end.
    #[getter]
    fn end<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        moment(py, self.key.slot().end())
    }

    fn __repr__(&self) -> String {
        format!("ChunkKey({:?})", self.text)
    }

    fn __format__<'py>(&self, py: Python<'py>, spec: &str) -> PyResult<Bound<'py, PyAny>> {
        PyString::new(py, &self.text).call_method1("__format__", (spec,))
    }

    fn __reduce__<'py>(slf: &Bound<'py, Self>) -> (Bound<'py, PyAny>, (String,)) {
        (slf.get_type().into_any(), (slf.get().text.clone(),))
    }
}

fn time(date_obs: &str) -> PyResult<UtcTime> {
    UtcTime::parse_date_obs(date_obs).map_err(|e| error::value(&e))
}

fn place(ra: f64, dec: f64) -> PyResult<SkyPos> {
    SkyPos::new(ra, dec).map_err(|e| error::value(&e))
}

/// A `datetime` in UTC.
fn moment(py: Python<'_>, time: UtcTime) -> PyResult<Bound<'_, PyAny>> {
    let utc = format!("{}+00:00", time.to_string().trim_end_matches('Z'));
    py.import("datetime")?.getattr("datetime")?.call_method1("fromisoformat", (utc,))
}

/// The HEALPix pixels (RING) at `ra` and `dec`, degrees, two arrays of one length.
#[pyfunction]
pub(crate) fn healpix<'py>(
    py: Python<'py>,
    ra: PyReadonlyArray1<'py, f64>,
    dec: PyReadonlyArray1<'py, f64>,
    nside: u32,
) -> PyResult<Bound<'py, PyArray1<i64>>> {
    let (ra, dec) = (ra.as_array(), dec.as_array());
    if ra.len() != dec.len() {
        return Err(PyValueError::new_err(format!("{} values of ra, {} of dec", ra.len(), dec.len())));
    }
    let pixel = |(&ra, &dec)| -> Result<i64, crowdsky_core::Error> {
        ang2pix_ring(nside, &SkyPos::new(ra, dec)?).map(|pixel| pixel as i64)
    };
    let pixels = run::briefly(py, 1, || ra.iter().zip(dec).map(pixel).collect::<Result<Vec<_>, _>>())?;
    Ok(PyArray1::from_vec(py, pixels.map_err(|e| error::value(&e))?))
}

/// A file, or what a file is called and how it begins.
#[derive(FromPyObject)]
pub(crate) enum Headed {
    #[pyo3(transparent)]
    Bytes((String, Vec<u8>)),
    #[pyo3(transparent)]
    File(PathBuf),
}

impl Headed {
    fn meta(&self) -> Result<FrameMeta, String> {
        match self {
            Headed::Bytes((_, bytes)) => header::meta(&bytes[..]).map_err(|e| e.to_string()),
            Headed::File(path) => match std::fs::File::open(path) {
                Ok(file) => header::meta(file).map_err(|e| e.to_string()),
                Err(e) => Err(format!("cannot be opened: {e}")),
            },
        }
    }
}

/// Chunks, each a dict, and the indices of frames that belong to none, with the reason.
type Grouped<'py> = (Vec<Bound<'py, PyDict>>, Vec<(usize, String)>);

/// Sorts raw frames into chunks by their headers.
#[pyfunction]
pub(crate) fn group_frames<'py>(
    py: Python<'py>,
    frames: Vec<Headed>,
    threads: usize,
) -> PyResult<Grouped<'py>> {
    use rayon::prelude::*;
    let read = run::briefly(py, threads, || frames.par_iter().map(Headed::meta).collect::<Vec<_>>())?;
    let (mut there, mut metas, mut left_out) = (Vec::new(), Vec::new(), Vec::new());
    for (index, meta) in read.into_iter().enumerate() {
        match meta {
            Ok(meta) if meta.is_raw() => {
                there.push(index);
                metas.push(meta);
            }
            Ok(_) => {
                left_out.push((index, "is a stack or another product, not a single exposure".to_owned()))
            }
            Err(why) => left_out.push((index, why)),
        }
    }
    let grouping = group_into_chunks(&metas);
    left_out.extend(grouping.left_out.iter().map(|out| (there[out.index], out.reason.to_string())));
    left_out.sort();
    let chunks = grouping.chunks.into_iter().map(|chunk| told(py, chunk, &there, &metas));
    Ok((chunks.collect::<PyResult<_>>()?, left_out))
}

fn told<'py>(
    py: Python<'py>,
    chunk: Chunk,
    there: &[usize],
    metas: &[FrameMeta],
) -> PyResult<Bound<'py, PyDict>> {
    let first = &metas[chunk.members[0]];
    let name = chunk_name(&chunk, first);
    let told = PyDict::new(py);
    told.set_item("name", name)?;
    told.set_item("key", ChunkKey::from(chunk.position_key))?;
    told.set_item("healpix_key", chunk.healpix_key.map(ChunkKey::from))?;
    told.set_item("members", PyList::new(py, chunk.members.iter().map(|&i| there[i]))?)?;
    told.set_item("object", &first.object)?;
    told.set_item("telescope", &first.telescope)?;
    told.set_item("filter", first.filter.as_ref().map(ToString::to_string))?;
    told.set_item("exptime", first.exptime)?;
    told.set_item("gain", first.gain)?;
    Ok(told)
}

/// The name that CrowdSky gives the chunk's stack; `None` for an exposure time that no name can have.
fn chunk_name(chunk: &Chunk, first: &FrameMeta) -> Option<String> {
    let exposure = Exposure::from_seconds(first.exptime?).ok()?;
    let tile = first.pointing.as_ref().map(HealpixTile::from_pos);
    let count = chunk.members.len() as u32;
    let filter = first.filter.as_ref();
    Some(crowdsky_stack_name(count, first.object.as_deref(), exposure, filter, chunk.slot, tile).to_string())
}
