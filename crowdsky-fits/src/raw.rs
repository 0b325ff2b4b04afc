//! Raw camera frames: the shortest way from a file to 16-bit counts.

use crate::bitpix::Bitpix;
use crate::finding::{Finding, Findings};
use crate::hdu::{HduHead, Layout};
use crate::image::Scaling;
use crate::source::Source;
use crate::{Error, HduReader, Header, Limits, OpenHdu};
use alloc::{format, vec::Vec};

/// A frame as a camera writes it.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct RawFrame {
    /// The header of the unit the image is in.
    pub header: Header,
    /// NAXIS1: columns.
    pub width: usize,
    /// NAXIS2: rows.
    pub height: usize,
    /// The counts, row after row, `width * height` of them.
    pub pixels: Vec<u16>,
    /// What was odd.
    pub findings: Vec<Finding>,
}

/// Reads the first image of a file as unsigned 16-bit counts.
///
/// Pixels go from the stream into the `Vec` in pieces of 64 KiB, so the file is never held beside it. Gzip is unpacked on
/// the way. BITPIX 16 with BZERO 32768 is the usual case; other integers are taken if every value fits 0 to 65,535.
///
/// # Errors
/// [`Error::WrongBitpix`] for floating-point or scaled pixels and values that do not fit, [`Error::NotTwoDimensional`] for a
/// colour stack, [`Error::NoImage`], [`Error::Truncated`], [`Error::NotFits`], [`Error::Empty`], limits and those of the
/// stream.
///
/// ```
/// # use crowdsky_fits::{FitsWriter, Header, ImageRef, Limits, read_raw_u16};
/// # let mut file = Vec::new();
/// # FitsWriter::new(&mut file).write_primary(&Header::new(), Some(ImageRef::new(&[2, 1], &[7u16, 65_535][..])))?;
/// let frame = read_raw_u16(&file[..], &Limits::default())?;
/// assert_eq!((frame.width, frame.height), (2, 1));
/// assert_eq!(frame.pixels, [7, 65_535]);
/// # Ok::<(), crowdsky_fits::Error>(())
/// ```
pub fn read_raw_u16(source: impl Source, limits: &Limits) -> Result<RawFrame, Error> {
    let mut hdus = HduReader::new(source, limits)?;
    let mut frame = first_image(&mut hdus, limits, |hdu, (width, height)| {
        let pixels = read_pixels(hdu)?;
        let header = hdu.head().header.clone();
        Ok(RawFrame { header, width, height, pixels, findings: Vec::new() })
    })?;
    frame.findings = hdus.into_findings();
    Ok(frame)
}

/// What `take` makes of the first image of a file, which has to be that of a raw frame of so many columns and rows.
pub(crate) fn first_image<S: Source, T>(
    hdus: &mut HduReader<S>,
    limits: &Limits,
    take: impl FnOnce(&mut OpenHdu<'_, S>, (usize, usize)) -> Result<T, Error>,
) -> Result<T, Error> {
    while let Some(mut hdu) = hdus.next_hdu()? {
        if hdu.is_compressed_image() {
            return Err(Error::Unsupported {
                what: "a tile-compressed image (.fz)",
                instead: "unpack it with `funpack`, or build with the feature `cfitsio`",
            });
        }
        if hdu.head().layout.kind.is_image() && !hdu.head().layout.shape.is_empty() {
            let size = check_shape(&hdu.head().layout, limits)?;
            hdu.head().check_image_size()?;
            return take(&mut hdu, size);
        }
    }
    Err(Error::NoImage)
}

fn check_shape(layout: &Layout, limits: &Limits) -> Result<(usize, usize), Error> {
    // Before the shape, so that a stack of floats is called that.
    if layout.bitpix.is_float() {
        let problem = "the pixels are floating-point numbers, as in a stack".into();
        return Err(Error::WrongBitpix { bitpix: layout.bitpix.value(), problem });
    }
    let [width, height] = layout.shape[..] else {
        return Err(Error::NotTwoDimensional { shape: layout.shape.clone() });
    };
    Error::check("pixels", layout.pixels(), limits.pixels)?;
    // The product is within the limit; an axis can only be longer beside an axis of 0.
    let fits = |n: u64| {
        usize::try_from(n).map_err(|_| Error::Limit {
            what: "pixels along an axis",
            found: n,
            limit: limits.pixels,
        })
    };
    Ok((fits(width)?, fits(height)?))
}

fn read_pixels<S: Source>(hdu: &mut OpenHdu<'_, S>) -> Result<Vec<u16>, Error> {
    let counts = Counts::of(hdu.head())?;
    let mut pixels: Vec<u16> = Vec::new();
    pixels.reserve_exact(hdu.reserve());
    hdu.stream(|piece| {
        let start = pixels.len();
        pixels.resize(start + piece.len() / counts.bytes(), 0);
        counts.decode(piece, start, &mut pixels[start..])
    })?;
    Ok(pixels)
}

/// How the stored samples of a raw frame become counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Counts {
    bitpix: Bitpix,
    bzero: i128,
}

impl Counts {
    /// As the header says it.
    pub(crate) fn of(head: &HduHead) -> Result<Counts, Error> {
        let bitpix = head.layout.bitpix;
        let scaling = Scaling::of(&head.header, bitpix, &mut Findings::new(0));
        let (bscale, bzero) = (scaling.bscale, scaling.bzero + unsigned_offset(&scaling));
        if bscale != 1.0 || bzero as i128 as f64 != bzero {
            let problem =
                format!("the pixels are scaled (BSCALE {bscale}, BZERO {bzero}), raw counts are not");
            return Err(Error::WrongBitpix { bitpix: bitpix.value(), problem });
        }
        Ok(Counts { bitpix, bzero: bzero as i128 })
    }

    /// Bytes of one sample.
    pub(crate) fn bytes(self) -> usize {
        self.bitpix.bytes()
    }

    /// The counts in `stored`, one sample for each of `pixels`, of which the first is number `first` of the frame.
    pub(crate) fn decode(self, stored: &[u8], first: usize, pixels: &mut [u16]) -> Result<(), Error> {
        if self.bitpix == Bitpix::I16 && self.bzero == 32768 {
            for (pixel, b) in pixels.iter_mut().zip(stored.chunks_exact(2)) {
                // Adding 32768 to a signed number is turning its top bit.
                *pixel = u16::from_be_bytes([b[0], b[1]]) ^ 0x8000;
            }
            return Ok(());
        }
        for (i, (pixel, bytes)) in pixels.iter_mut().zip(stored.chunks_exact(self.bytes())).enumerate() {
            // 128 bits, since the sum of two numbers of 64 may need 65.
            let value = i128::from(stored_integer(bytes, self.bitpix)).saturating_add(self.bzero);
            *pixel = u16::try_from(value).map_err(|_| Error::WrongBitpix {
                bitpix: self.bitpix.value(),
                problem: format!("pixel {} is {value}, which is not between 0 and 65535", first + i),
            })?;
        }
        Ok(())
    }
}

/// The BZERO that [`Scaling`] has already turned into a sample type.
fn unsigned_offset(scaling: &Scaling) -> f64 {
    scaling.samples.as_ref().bzero() as f64
}

fn stored_integer(bytes: &[u8], bitpix: Bitpix) -> i64 {
    let bits = bytes.iter().fold(0u64, |bits, byte| bits << 8 | u64::from(*byte));
    match bitpix {
        Bitpix::I16 => i64::from(bits as i16),
        Bitpix::I32 => i64::from(bits as i32),
        _ => bits as i64,
    }
}
