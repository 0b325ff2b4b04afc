//! Tile-compressed images (`.fz`) through the system's cfitsio (feature `cfitsio`).
//!
//! C code with a history of memory faults: only for the user's own files, never for uploads. The file goes through our own
//! reader first, which checks its structure and sizes against the limits; cfitsio only unpacks the pixels. It is opened with
//! `fits_open_diskfile`, so that brackets, pipes and addresses in a file name are nothing but characters.
#![allow(unsafe_code)]

use crate::bitpix::Bitpix;
use crate::hdu::{HduKind, Layout};
use crate::{Error, HduReader, Header, Limits, RawFrame};
use alloc::{format, string::String, string::ToString, vec, vec::Vec};
use core::ffi::{CStr, c_char, c_int, c_void};
use core::ptr;
use fitsio::sys;
use std::ffi::CString;
use std::path::Path;
use std::sync::{Mutex, MutexGuard};

/// Reads the first image of a file, tile-compressed or not, as unsigned 16-bit counts.
///
/// # Errors
/// As [`crate::read_raw_u16`], and [`Error::Cfitsio`] when cfitsio cannot unpack the pixels or they do not fit.
pub fn read_fz_u16(path: &Path, limits: &Limits) -> Result<RawFrame, Error> {
    let checked = check(path, limits, None)?;
    let mut file = File::open(path)?;
    file.go_to(checked.hdu)?;
    let (bitpix, shape) = file.shape(limits)?;
    let [width, height] = shape[..] else {
        return Err(Error::NotTwoDimensional { shape });
    };
    if bitpix.is_float() {
        let problem = "the pixels are floating-point numbers, as in a stack".into();
        return Err(Error::WrongBitpix { bitpix: bitpix.value(), problem });
    }
    let (width, height) = (width as usize, height as usize); // `shape` has checked their product
    let mut pixels = vec![0u16; width * height];
    // SAFETY: the buffer holds exactly the elements asked for, of the type asked for.
    unsafe { file.read(sys::TUSHORT as c_int, pixels.len(), ptr::null_mut(), pixels.as_mut_ptr().cast())? };
    let header = file.image_header(limits)?;
    Ok(RawFrame { header, width, height, pixels, findings: checked.findings })
}

/// Reads the image in unit `hdu` (0 = primary), tile-compressed or not, as physical values: shape (NAXIS1 first) and pixels, blank
/// ones NaN.
///
/// # Errors
/// [`Error::NoImage`] when that unit holds none, [`Error::Cfitsio`], limits, and those of our own reader.
pub fn read_f64(path: &Path, hdu: usize, limits: &Limits) -> Result<(Vec<u64>, Vec<f64>), Error> {
    check(path, limits, Some(hdu))?;
    let mut file = File::open(path)?;
    file.go_to(hdu)?;
    let (_, shape) = file.shape(limits)?;
    let count = shape.iter().product::<u64>() as usize;
    let mut pixels = vec![0.0f64; count];
    let mut blank = f64::NAN;
    // SAFETY: as above; the value for blank pixels is a number of the same type.
    unsafe { file.read(sys::TDOUBLE as c_int, count, (&raw mut blank).cast(), pixels.as_mut_ptr().cast())? };
    Ok((shape, pixels))
}

struct Checked {
    hdu: usize,
    findings: Vec<crate::Finding>,
}

/// Walks the file with our own reader to the image wanted, or to the first one, and to the end of its data.
fn check(path: &Path, limits: &Limits, wanted: Option<usize>) -> Result<Checked, Error> {
    let mut hdus = HduReader::new(std::fs::File::open(path)?, limits)?;
    if hdus.is_gzip() {
        // cfitsio would unpack it whole, whatever its size.
        return Err(Error::Unsupported {
            what: "a tile-compressed image inside gzip",
            instead: "unpack it with `gunzip`",
        });
    }
    while let Some(mut hdu) = hdus.next_hdu()? {
        let Layout { kind, shape, .. } = &hdu.head().layout;
        let image = *kind == HduKind::CompressedImage || kind.is_image() && !shape.is_empty();
        let index = hdu.head().index;
        if wanted.map_or(image, |wanted| wanted == index) {
            if !image {
                return Err(Error::NoImage);
            }
            hdu.skip()?;
            return Ok(Checked { hdu: index, findings: hdus.into_findings() });
        }
    }
    Err(Error::NoImage)
}

/// One caller at a time where the library was built without support for threads (Debian's has it).
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

struct File {
    pointer: *mut sys::fitsfile,
    path: String,
    _turn: Option<MutexGuard<'static, ()>>,
}

impl File {
    fn open(path: &Path) -> Result<Self, Error> {
        // The whole path, since cfitsio would expand a `~` and take `-` for the standard input.
        let path = path.canonicalize()?.display().to_string();
        let name = CString::new(path.as_str()).map_err(|error| std::io::Error::other(error.to_string()))?;
        // SAFETY: takes nothing, returns a number.
        let reentrant = unsafe { sys::fits_is_reentrant() } != 0;
        // A poisoned lock guards nothing but the turn itself.
        let turn =
            (!reentrant).then(|| ONE_AT_A_TIME.lock().unwrap_or_else(|poisoned| poisoned.into_inner()));
        let mut file = File { pointer: ptr::null_mut(), path, _turn: turn };
        let mut status = 0;
        // SAFETY: the name ends in NUL and outlives the call; cfitsio checks its length.
        unsafe { sys::ffdkopn(&mut file.pointer, name.as_ptr(), sys::READONLY as c_int, &mut status) };
        file.done("open", status)?;
        Ok(file)
    }

    fn done(&self, action: &'static str, status: c_int) -> Result<(), Error> {
        if status == 0 {
            return Ok(());
        }
        let mut text: [c_char; sys::FLEN_ERRMSG as usize] = [0; sys::FLEN_ERRMSG as usize];
        // SAFETY: it writes at most 31 bytes (FLEN_STATUS) with NUL; the buffer has 81.
        unsafe { sys::ffgerr(status, text.as_mut_ptr()) };
        // SAFETY: the last byte is NUL whatever was written before it.
        let message = unsafe { CStr::from_ptr(text.as_ptr()) }.to_string_lossy().into_owned();
        Err(Error::Cfitsio { path: self.path.clone(), action, message, status })
    }

    fn go_to(&mut self, hdu: usize) -> Result<(), Error> {
        let (mut kind, mut status) = (0, 0);
        // SAFETY: the file is open; `HduReader` bounds the number of units.
        unsafe { sys::ffmahd(self.pointer, hdu as c_int + 1, &mut kind, &mut status) };
        self.done("find the image in", status)
    }

    /// Type and axes of the image, unpacked.
    fn shape(&mut self, limits: &Limits) -> Result<(Bitpix, Vec<u64>), Error> {
        let (mut bitpix, mut naxis, mut status) = (0, 0, 0);
        // SAFETY: the file is open; each call writes one number.
        unsafe {
            sys::ffgidt(self.pointer, &mut bitpix, &mut status);
            sys::ffgidm(self.pointer, &mut naxis, &mut status);
        }
        self.done("read the header of", status)?;
        let axes = usize::try_from(naxis).ok().filter(|n| (1..=999).contains(n)).ok_or(Error::NoImage)?;
        let mut lengths: Vec<sys::LONGLONG> = vec![0; axes];
        // SAFETY: there is room for `naxis` numbers.
        unsafe { sys::ffgiszll(self.pointer, naxis, lengths.as_mut_ptr(), &mut status) };
        self.done("read the axes of", status)?;
        let shape: Vec<u64> = lengths.into_iter().map(|n| u64::try_from(n).unwrap_or(0)).collect();
        let pixels = shape.iter().try_fold(1u64, |all, n| all.checked_mul(*n)).unwrap_or(u64::MAX);
        Error::check("pixels", pixels, limits.pixels)?;
        let bitpix = Bitpix::new(bitpix.into()).ok_or_else(|| {
            Error::keyword("ZBITPIX", 0, format!("{bitpix} is none of 8, 16, 32, 64, -32, -64"))
        })?;
        Ok((bitpix, shape))
    }

    /// # Safety
    /// `buffer` holds `count` elements of `kind`, and `blank` is null or points to one.
    unsafe fn read(
        &mut self,
        kind: c_int,
        count: usize,
        blank: *mut c_void,
        buffer: *mut c_void,
    ) -> Result<(), Error> {
        if count == 0 {
            return Ok(());
        }
        let (mut any, mut status) = (0, 0);
        // SAFETY: the caller's promise; counts come from `shape`, within the limit.
        unsafe { sys::ffgpv(self.pointer, kind, 1, count as i64, blank, buffer, &mut any, &mut status) };
        self.done("unpack the pixels of", status)
    }

    /// The header as if the image were not compressed.
    fn image_header(&mut self, limits: &Limits) -> Result<Header, Error> {
        let (mut text, mut cards, mut status) = (ptr::null_mut(), 0, 0);
        // SAFETY: no list of exclusions; cfitsio allocates the text.
        unsafe {
            sys::ffcnvthdr2str(self.pointer, 0, ptr::null_mut(), 0, &mut text, &mut cards, &mut status);
        }
        self.done("read the cards of", status)?;
        // SAFETY: the text ends in NUL and is freed once, after it was copied.
        let bytes = unsafe {
            let bytes = CStr::from_ptr(text).to_bytes().to_vec();
            sys::fffree(text.cast(), &mut status);
            bytes
        };
        Ok(Header::parse(&bytes, limits)?.header)
    }
}

impl Drop for File {
    fn drop(&mut self) {
        if !self.pointer.is_null() {
            let mut status = 0;
            // SAFETY: open until here, and not used again. It was only read, so nothing can be lost.
            unsafe { sys::ffclos(self.pointer, &mut status) };
        }
    }
}
