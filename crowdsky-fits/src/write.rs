//! To any stream: units with DATASUM and CHECKSUM, strictly after the standard.

use crate::bitpix::SamplesRef;
use crate::block::{BLOCK, CARD, padding};
use crate::card::Card;
use crate::checksum::{Sum, encode};
use crate::hdu::{Layout, numbered};
use crate::source::Sink;
use crate::table_write::NewColumn;
use crate::value::Value;
use crate::{Error, Header};
use alloc::{format, string::ToString, vec, vec::Vec};

/// Samples converted at a time: 16 Ki of them are at most 128 KiB.
const SAMPLES: usize = 16 << 10;

/// An image to be written.
#[derive(Debug, Clone, Copy)]
pub struct ImageRef<'a> {
    /// Length of each axis, NAXIS1 (the fastest) first.
    pub shape: &'a [usize],
    /// The samples. Unsigned types get the BZERO that says so.
    pub samples: SamplesRef<'a>,
}

impl<'a> ImageRef<'a> {
    /// From slices: `ImageRef::new(&[width, height], &pixels[..])`.
    pub fn new(shape: &'a [usize], samples: impl Into<SamplesRef<'a>>) -> Self {
        ImageRef { shape, samples: samples.into() }
    }
}

/// Writes a FITS file unit by unit.
///
/// Structure (SIMPLE to NAXISn, XTENSION, PCOUNT, columns, EXTNAME, BZERO of unsigned and none of floating-point samples,
/// DATASUM, CHECKSUM, END) is the writer's; such cards in a given header are left out. All others are written as they are,
/// mended ([`Card::mended`]) or refused. The stream is not flushed.
///
/// ```
/// use crowdsky_fits::{FitsWriter, Header, ImageRef, NewColumn};
/// let mut file = Vec::new();
/// let mut writer = FitsWriter::new(&mut file);
/// writer.write_primary(&Header::new(), None)?;
/// writer.write_image("RED", &Header::new(), ImageRef::new(&[2, 2], &[0.0f32, 1.0, 2.0, f32::NAN][..]))?;
/// writer.write_table("STAR-TAB", &Header::new(), &[NewColumn::new("x", &[1.5f64, 2.5][..]).unit("pixel")])?;
/// assert_eq!(file.len() % 2880, 0);
/// # Ok::<(), crowdsky_fits::Error>(())
/// ```
#[derive(Debug)]
pub struct FitsWriter<W> {
    sink: W,
    units: usize,
}

impl<W: Sink> FitsWriter<W> {
    /// A writer that has written nothing yet.
    pub fn new(sink: W) -> Self {
        FitsWriter { sink, units: 0 }
    }

    /// The stream back, for flushing.
    pub fn into_inner(self) -> W {
        self.sink
    }

    /// The first unit, with an image or without data.
    ///
    /// # Errors
    /// [`Error::Write`] for a card that may not be written, a shape that does not match the samples, or a second primary; and
    /// those of the stream.
    pub fn write_primary(&mut self, header: &Header, image: Option<ImageRef<'_>>) -> Result<(), Error> {
        self.expect_first(true, "the primary unit")?;
        let mut cards = Header::new();
        cards.set("SIMPLE", true, "file conforms to the FITS standard");
        match image {
            Some(image) => self.write_samples(cards, "the primary image", header, image),
            None => {
                cards.set("BITPIX", 8, "bits per sample").set("NAXIS", 0, "no data in this unit");
                cards.set("EXTEND", true, "extensions may follow");
                self.write_unit(cards, header, &["BSCALE", "BZERO", "BLANK"], &mut |_| Ok(()))
            }
        }
    }

    /// An image extension of this name.
    ///
    /// # Errors
    /// As [`FitsWriter::write_primary`].
    pub fn write_image(&mut self, extname: &str, header: &Header, image: ImageRef<'_>) -> Result<(), Error> {
        self.expect_first(false, extname)?;
        let mut cards = Header::new();
        cards.set("XTENSION", "IMAGE", "image extension");
        self.write_samples(cards, extname, header, image)
    }

    /// A binary table extension of this name; all columns have the same number of rows.
    ///
    /// # Errors
    /// [`Error::Column`] for columns of different length, and as [`FitsWriter::write_primary`].
    pub fn write_table(
        &mut self,
        extname: &str,
        header: &Header,
        columns: &[NewColumn<'_>],
    ) -> Result<(), Error> {
        self.expect_first(false, extname)?;
        let (mut cards, rows) = NewColumn::cards(columns)?;
        cards.set("EXTNAME", extname, "name of this table");
        let drop = ["EXTNAME", "THEAP", "TFIELDS"];
        self.write_unit(cards, header, &drop, &mut |take| NewColumn::emit(columns, rows, take))
    }

    /// A unit as it was read: header and data bytes. Checksums are made anew.
    ///
    /// # Errors
    /// [`Error::Write`] when the data has not the size the header declares, or the header may not be written.
    pub fn copy_unit(&mut self, header: &Header, data: &[u8]) -> Result<(), Error> {
        let (layout, _) = Layout::of(header)?;
        self.expect_first(header.get("XTENSION").is_none(), "the unit")?;
        if layout.data_bytes != data.len() as u64 {
            let problem =
                format!("its header declares {} bytes of data, {} are given", layout.data_bytes, data.len());
            return Err(Error::write("the unit", problem));
        }
        self.units += 1;
        let fill = if layout.kind == crate::HduKind::AsciiTable { b' ' } else { 0 };
        self.put_unit(header.clone(), fill, &mut |take| take(data))
    }

    fn expect_first(&self, first: bool, what: &str) -> Result<(), Error> {
        match (first, self.units) {
            (true, 1..) => Err(Error::write(what, "a file has one primary unit, and it comes first")),
            (false, 0) => Err(Error::write(what, "the primary unit comes first")),
            _ => Ok(()),
        }
    }

    fn write_samples(
        &mut self,
        mut cards: Header,
        name: &str,
        header: &Header,
        image: ImageRef<'_>,
    ) -> Result<(), Error> {
        let ImageRef { shape, samples } = image;
        let pixels =
            shape.iter().try_fold(1usize, |all, n| all.checked_mul(*n)).filter(|_| !shape.is_empty());
        if pixels.unwrap_or(0) != samples.len() || shape.len() > 999 {
            let problem = format!("its shape {shape:?} does not hold {} samples", samples.len());
            return Err(Error::write(name, problem));
        }
        let bitpix = samples.bitpix();
        cards.set("BITPIX", bitpix.value(), "bits per sample").set("NAXIS", shape.len(), "number of axes");
        for (index, n) in shape.iter().enumerate() {
            cards.set(&format!("NAXIS{}", index + 1), *n, "length of the axis");
        }
        if self.units == 0 {
            cards.set("EXTEND", true, "extensions may follow");
        } else {
            cards.set("PCOUNT", 0, "no bytes behind the image").set("GCOUNT", 1, "one image");
            cards.set("EXTNAME", name, "name of this image");
        }
        let bzero = samples.bzero();
        if bzero != 0 {
            let bzero =
                i64::try_from(bzero).map_or_else(|_| Value::BigInteger(bzero.to_string()), Value::Integer);
            cards.set("BSCALE", 1, "scale of the samples").set(
                "BZERO",
                bzero,
                "offset that makes them unsigned",
            );
            if bitpix == crate::Bitpix::U8 {
                cards.set("BZERO", -128, "offset that makes them signed");
            }
        }
        // Scaling left over from integers would ruin floating-point pixels, and BLANK means nothing with them.
        let drop: &[&str] = match bitpix.is_float() {
            true => &["EXTNAME", "BSCALE", "BZERO", "BLANK"],
            false if bzero != 0 => &["EXTNAME", "BSCALE", "BZERO"],
            false => &["EXTNAME"],
        };
        self.write_unit(cards, header, drop, &mut |take| {
            let mut bytes = Vec::new();
            for start in (0..samples.len()).step_by(SAMPLES) {
                bytes.clear();
                samples.encode(start..samples.len().min(start + SAMPLES), &mut bytes);
                take(&bytes)?;
            }
            Ok(())
        })
    }

    fn write_unit(
        &mut self,
        mut cards: Header,
        header: &Header,
        drop: &[&str],
        emit: Emit<'_>,
    ) -> Result<(), Error> {
        let mut given = header.clone();
        given.retain(|card| !is_structural(card.keyword()) && !drop.contains(&card.keyword()));
        cards.extend(&given);
        self.units += 1;
        self.put_unit(cards, 0, emit)
    }

    /// Sums the data, writes the header with its sums, writes the data: two passes, so that nothing is held.
    fn put_unit(&mut self, mut cards: Header, fill: u8, emit: Emit<'_>) -> Result<(), Error> {
        let (mut data, mut len) = (Sum::new(), 0u64);
        emit(&mut |bytes| {
            data.update(bytes);
            len += bytes.len() as u64;
            Ok(())
        })?;
        let pad = vec![fill; padding(len) as usize];
        data.update(&pad);
        // A CONTINUE that continued nothing might continue something once other cards are gone.
        cards.retain(|card| !matches!(card.keyword(), "CHECKSUM" | "DATASUM" | "CONTINUE"));
        cards.mend();
        let checksum = cards.cards().len();
        cards.set("CHECKSUM", "0000000000000000", "checksum of this unit");
        cards.set("DATASUM", data.value().to_string().as_str(), "checksum of its data");
        let mut bytes = print_header(cards.cards())?;
        let mut sum = Sum::new();
        sum.update(&bytes);
        sum.add(data);
        // Its record, counted in 80-byte records and not in cards, since strings and comments may take several.
        let mut before = 0;
        for card in &cards.cards()[..checksum] {
            before += card.print()?.len();
        }
        let place = before * CARD + 11;
        bytes[place..place + 16].copy_from_slice(encode(sum.value()).as_bytes());
        self.sink.put(&bytes)?;
        emit(&mut |bytes| self.sink.put(bytes))?;
        self.sink.put(&pad)
    }
}

/// Hands the data of a unit, piece by piece, to the function it is given.
type Emit<'a> = &'a mut dyn FnMut(&mut dyn FnMut(&[u8]) -> Result<(), Error>) -> Result<(), Error>;

/// The cards as bytes, with END and padding.
fn print_header(cards: &[Card]) -> Result<Vec<u8>, Error> {
    let mut bytes = Vec::with_capacity((cards.len() + 1) * CARD + BLOCK);
    for card in cards {
        card.print()?.iter().for_each(|record| bytes.extend_from_slice(record));
    }
    bytes.extend_from_slice(b"END");
    bytes.resize(bytes.len() + padding(bytes.len() as u64) as usize, b' ');
    Ok(bytes)
}

/// Whether a keyword is the writer's own.
fn is_structural(keyword: &str) -> bool {
    const NAMES: [&str; 14] = [
        "SIMPLE", "XTENSION", "BITPIX", "NAXIS", "EXTEND", "PCOUNT", "GCOUNT", "GROUPS", "TFIELDS", "THEAP",
        "CHECKSUM", "DATASUM", "END", "LONGSTRN",
    ];
    const NUMBERED: [&str; 9] =
        ["NAXIS", "TFORM", "TTYPE", "TUNIT", "TDIM", "TSCAL", "TZERO", "TNULL", "TDISP"];
    NAMES.contains(&keyword) || NUMBERED.iter().any(|stem| numbered(keyword, stem).is_some())
}
