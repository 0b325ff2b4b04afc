//! Images: the stored samples, and the physical values BSCALE, BZERO and BLANK make of them (FITS 4.0, section 4.4.2.5).

use crate::bitpix::{Bitpix, Samples};
use crate::finding::{Code, Findings};
use crate::hdu::{HduHead, Layout};
use crate::{Error, Header, Limits};
use alloc::vec::Vec;

/// An image (or cube, or any number of axes up to 999).
///
/// ```
/// # use crowdsky_fits::{FitsWriter, Header, ImageRef, Limits, Samples, read_all, HduData};
/// // NAXIS1 = 3 columns, NAXIS2 = 2 rows, row after row.
/// let pixels: [u16; 6] = [0, 1, 2,
///                         3, 4, 65_535];
/// let mut file = Vec::new();
/// FitsWriter::new(&mut file).write_primary(&Header::new(), Some(ImageRef::new(&[3, 2], &pixels[..])))?;
/// let (hdus, findings) = read_all(&file[..], &Limits::default())?;
/// let HduData::Image(image) = &hdus[0].data else { panic!("an image was written") };
/// assert_eq!(image.shape, [3, 2]);
/// assert_eq!(image.samples, Samples::U16(pixels.to_vec()));
/// assert!(findings.is_empty());
/// # Ok::<(), crowdsky_fits::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Image {
    /// Length of each axis, NAXIS1 (the fastest) first.
    pub shape: Vec<usize>,
    /// The samples. Unsigned 16, 32, 64 and signed 8 bits come with their BZERO already applied, exactly; everything else as it
    /// is stored.
    pub samples: Samples,
    /// Scale still to be applied: physical = bzero + bscale * sample.
    pub bscale: f64,
    /// Offset still to be applied.
    pub bzero: f64,
    /// The sample that means "no value", on the scale of `samples`; integers only.
    pub blank: Option<i128>,
}

impl Image {
    /// Takes an image from the bytes of its data.
    ///
    /// # Errors
    /// [`Error::Truncated`] when there are fewer bytes than declared, [`Error::Limit`] for more pixels than allowed.
    pub fn decode(head: &HduHead, data: &[u8], limits: &Limits) -> Result<Self, Error> {
        let mut image = Self::begin(head, limits, &mut Findings::new(0))?;
        let expected = head.layout.data_bytes;
        let Some(data) = usize::try_from(expected).ok().and_then(|n| data.get(..n)) else {
            return Err(Error::Truncated { hdu: head.index, expected, found: data.len() as u64 });
        };
        image.samples.reserve_exact(data.len() / head.layout.bitpix.bytes());
        image.samples.extend_be(data);
        Ok(image)
    }

    /// An image without its samples.
    pub(crate) fn begin(head: &HduHead, limits: &Limits, findings: &mut Findings) -> Result<Self, Error> {
        let Layout { bitpix, shape, kind, .. } = &head.layout;
        if !kind.is_image() {
            return Err(Error::WrongKind { hdu: head.index, found: kind.clone(), wanted: "an image" });
        }
        Error::check("pixels", head.layout.pixels(), limits.pixels)?;
        let shape =
            shape.iter().map(|n| usize::try_from(*n)).collect::<Result<Vec<_>, _>>().map_err(|_| {
                Error::Limit { what: "pixels along an axis", found: u64::MAX, limit: usize::MAX as u64 }
            })?;
        head.check_image_size()?;
        let scaling = Scaling::of(&head.header, *bitpix, findings);
        Ok(Image {
            shape,
            samples: scaling.samples,
            bscale: scaling.bscale,
            bzero: scaling.bzero,
            blank: scaling.blank,
        })
    }

    /// Number of pixels.
    pub fn len(&self) -> usize {
        self.samples.len()
    }

    /// Whether there are no pixels.
    pub fn is_empty(&self) -> bool {
        self.samples.is_empty()
    }

    /// Physical values: scaled, blank ones NaN. Samples of 64 bits are rounded to 53.
    pub fn physical(&self) -> Vec<f64> {
        let mut values = self.samples.to_f64(self.blank);
        if self.bscale != 1.0 || self.bzero != 0.0 {
            values.iter_mut().for_each(|value| *value = self.bzero + self.bscale * *value);
        }
        values
    }

    /// [`Image::physical`], rounded to single precision.
    pub fn physical_f32(&self) -> Vec<f32> {
        match &self.samples {
            Samples::F32(values) if self.bscale == 1.0 && self.bzero == 0.0 => values.clone(),
            _ => self.physical().into_iter().map(|value| value as f32).collect(),
        }
    }
}

/// BSCALE and BZERO.
pub(crate) fn scale_and_zero(header: &Header, findings: &mut Findings) -> (f64, f64) {
    let mut number = |keyword: &str, usual: u8| {
        let usual_value = f64::from(usual);
        let Some(card) = header.get(keyword) else { return usual_value };
        card.value().and_then(|value| value.as_real()).filter(|value| value.is_finite()).unwrap_or_else(
            || {
                let message = alloc::format!("{keyword} is not a number; {usual} is assumed");
                findings.add(Code::ScalingUnreadable, keyword, card.offset(), message);
                usual_value
            },
        )
    };
    (number("BSCALE", 1), number("BZERO", 0))
}

/// What BSCALE, BZERO and BLANK say.
pub(crate) struct Scaling {
    /// Of the type that holds the values exactly if there is one, else the stored type.
    pub(crate) samples: Samples,
    pub(crate) bscale: f64,
    pub(crate) bzero: f64,
    pub(crate) blank: Option<i128>,
}

impl Scaling {
    pub(crate) fn of(header: &Header, bitpix: Bitpix, findings: &mut Findings) -> Self {
        let (bscale, bzero) = scale_and_zero(header, findings);
        let blank = header.integer("BLANK").filter(|_| !bitpix.is_float()).map(i128::from);
        match Samples::empty(bitpix, bzero).filter(|_| bscale == 1.0) {
            // All these offsets are whole numbers below 2^64.
            Some(samples) => {
                Scaling { samples, bscale: 1.0, bzero: 0.0, blank: blank.map(|blank| blank + bzero as i128) }
            }
            None => Scaling { samples: Samples::stored(bitpix), bscale, bzero, blank },
        }
    }
}
