//! From any stream: unit after unit, headers first, data only when asked for. Nothing is sought, nothing is read twice.

use crate::block::{BLOCK, padding};
use crate::checksum::{DeclaredSums, Sum};
use crate::error::HEADER_BLOCKS;
use crate::finding::{Code, Finding, Findings};
use crate::hdu::{HduHead, HduKind, Layout};
use crate::header::{check_end, find_end};
use crate::image::Scaling;
use crate::source::Source;
use crate::unpack::{Unpacked, printable};
use crate::{BinTable, Error, Hdu, HduData, Header, Image, Limits};
use alloc::{format, string::ToString, vec::Vec};

/// Data is read in pieces of this size; a multiple of 8, so that no sample is cut.
pub(crate) const CHUNK: usize = 64 << 10;

/// Memory set aside on a header's word alone, before its bytes have arrived: two frames of the largest Seestar.
const RESERVE: u64 = 32 << 20;

/// Reads the primary header and nothing behind its blocks.
///
/// # Errors
/// [`Error::Empty`], [`Error::NotFits`], [`Error::HeaderTruncated`], limits, and those of the stream.
///
/// ```
/// # use crowdsky_fits::{FitsWriter, Header, Limits, read_header};
/// # let mut file = Vec::new();
/// # let mut header = Header::new();
/// # header.set("OBJECT", "M 94", "");
/// # FitsWriter::new(&mut file).write_primary(&header, None)?;
/// let (header, findings) = read_header(&file[..], &Limits::default())?;
/// assert_eq!(header.text("OBJECT"), Some("M 94"));
/// # Ok::<(), crowdsky_fits::Error>(())
/// ```
pub fn read_header(source: impl Source, limits: &Limits) -> Result<(Header, Vec<Finding>), Error> {
    let mut hdus = HduReader::new(source, limits)?;
    let (header, _, _) = hdus.read_cards()?.ok_or(Error::Empty)?;
    Ok((header, hdus.findings.into_vec()))
}

/// Reads all units with their data. For a file of known origin; [`crate::inspect`] holds no data.
///
/// # Errors
/// The first thing that keeps a unit from being read.
pub fn read_all(source: impl Source, limits: &Limits) -> Result<(Vec<Hdu>, Vec<Finding>), Error> {
    let mut hdus = HduReader::new(source, limits)?;
    let mut all = Vec::new();
    while let Some(mut open) = hdus.next_hdu()? {
        let data = match &open.head().layout {
            Layout { data_bytes: 0, kind, .. } if !kind.is_table() => HduData::Empty,
            Layout { kind, .. } if kind.is_image() => HduData::Image(open.image()?),
            Layout { kind, .. } if kind.is_table() => HduData::Table(open.table()?),
            _ => {
                open.skip()?;
                HduData::NotRead
            }
        };
        all.push(Hdu { head: open.into_head(), data });
    }
    Ok((all, hdus.into_findings()))
}

/// Walks through the units of a file.
///
/// ```
/// # use crowdsky_fits::{FitsWriter, Header, HduReader, ImageRef, Limits};
/// # let mut file = Vec::new();
/// # let mut writer = FitsWriter::new(&mut file);
/// # writer.write_primary(&Header::new(), None)?;
/// # writer.write_image("RED", &Header::new(), ImageRef::new(&[2, 1], &[0.5f32, 1.5][..]))?;
/// let mut hdus = HduReader::new(&file[..], &Limits::default())?;
/// while let Some(mut hdu) = hdus.next_hdu()? {
///     if hdu.head().header.text("EXTNAME") == Some("RED") {
///         assert_eq!(hdu.image()?.physical_f32(), [0.5, 1.5]);
///     } // data not asked for is passed over
/// }
/// # Ok::<(), crowdsky_fits::Error>(())
/// ```
#[derive(Debug)]
pub struct HduReader<S> {
    source: Unpacked<S>,
    limits: Limits,
    findings: Findings,
    /// Bytes read so far.
    offset: u64,
    index: usize,
    header_blocks: usize,
    /// Data of the unit last given out that nobody has read.
    pending: Option<Pending>,
    done: bool,
    buffer: Vec<u8>,
}

#[derive(Debug)]
struct Pending {
    hdu: usize,
    data_bytes: u64,
    /// `None` without cards to compare with.
    sums: Option<DeclaredSums>,
}

impl<S: Source> HduReader<S> {
    /// Looks at the first bytes; unpacks gzip.
    ///
    /// # Errors
    /// [`Error::Empty`], [`Error::Unsupported`] for other compression, and those of the stream.
    pub fn new(source: S, limits: &Limits) -> Result<Self, Error> {
        Ok(HduReader {
            source: Unpacked::new(source, limits)?,
            findings: Findings::new(limits.findings),
            limits: limits.clone(),
            offset: 0,
            index: 0,
            header_blocks: 0,
            pending: None,
            done: false,
            buffer: Vec::new(),
        })
    }

    /// Whether the file is packed with gzip. Offsets count unpacked bytes.
    pub fn is_gzip(&self) -> bool {
        self.source.is_gzip()
    }

    /// What was odd so far.
    pub fn into_findings(self) -> Vec<Finding> {
        self.findings.into_vec()
    }

    /// Reads the next header; `None` at the end of the file.
    ///
    /// # Errors
    /// Whatever keeps the header from being read, or the data before it from being passed over. After an error there is no next
    /// unit.
    pub fn next_hdu(&mut self) -> Result<Option<OpenHdu<'_, S>>, Error> {
        if self.done {
            return Ok(None);
        }
        self.done = true; // until all went well
        if let Some(pending) = self.pending.take() {
            self.stream(pending, |_| Ok(()))?;
        }
        let offset = self.offset;
        let Some((header, sum, header_bytes)) = self.read_cards()? else { return Ok(None) };
        let layout = Layout::read(&header, &mut self.findings)?;
        Error::check("bytes of data", layout.data_bytes, self.limits.data_bytes)?;
        let sums = DeclaredSums::of(&header, sum, &mut self.findings);
        self.pending = Some(Pending { hdu: self.index, data_bytes: layout.data_bytes, sums });
        let head = HduHead { index: self.index, offset, header_bytes, header, layout };
        self.index += 1;
        self.done = false;
        Ok(Some(OpenHdu { reader: self, head }))
    }

    /// The blocks of one header: its cards, their sum, their bytes.
    fn read_cards(&mut self) -> Result<Option<(Header, Sum, u64)>, Error> {
        let offset = self.offset;
        let mut bytes: Vec<u8> = Vec::new();
        loop {
            let start = bytes.len();
            bytes.resize(start + BLOCK, 0);
            let found = self.source.fill(&mut bytes[start..])?;
            bytes.truncate(start + found);
            self.offset += found as u64;
            if start == 0 && !self.is_header(&bytes, offset)? {
                return Ok(None);
            }
            if let Some(end) = find_end(&bytes[start..]) {
                let header =
                    Header::parse_cards(&bytes[..start + end], offset, &self.limits, &mut self.findings);
                check_end(&bytes[start..], end, offset + start as u64, &mut self.findings);
                let mut sum = Sum::new();
                sum.update(&bytes);
                return Ok(Some((header, sum, bytes.len() as u64)));
            }
            if found < BLOCK {
                return Err(Error::HeaderTruncated { offset, found: bytes.len() as u64 });
            }
            self.header_blocks += 1;
            Error::check(HEADER_BLOCKS, (bytes.len() / BLOCK) as u64 + 1, self.limits.header_blocks as u64)?;
            let total = self.limits.header_blocks_total as u64;
            Error::check("header blocks in the file", self.header_blocks as u64 + 1, total)?;
        }
    }

    /// Whether a block starts a header; `false` at the end of the file, or at bytes behind it.
    fn is_header(&mut self, block: &[u8], offset: u64) -> Result<bool, Error> {
        if self.index == 0 {
            if block.is_empty() {
                return Err(Error::Empty);
            }
            if !block.starts_with(b"SIMPLE") {
                return Err(Error::NotFits { start: printable(block) });
            }
            return Ok(true);
        }
        if block.is_empty() {
            return Ok(false);
        }
        if !block.starts_with(b"XTENSION") {
            let message =
                format!("the bytes from here on (\"{}\") are no extension and are ignored", printable(block));
            self.findings.add(Code::TrailingBytes, "", offset, message);
            return Ok(false);
        }
        Error::check("units (HDUs)", self.index as u64 + 1, self.limits.hdus as u64)?;
        Ok(true)
    }

    /// Hands out the data of a unit in pieces, reads its padding and verifies its sums.
    fn stream(
        &mut self,
        pending: Pending,
        mut take: impl FnMut(&[u8]) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let Pending { hdu, data_bytes: expected, sums } = pending;
        if expected == 0 && sums.is_none() {
            return Ok(());
        }
        let mut buffer = core::mem::take(&mut self.buffer);
        buffer.resize(CHUNK, 0);
        let mut sum = Sum::new();
        let mut left = expected;
        while left > 0 {
            let piece = &mut buffer[..left.min(CHUNK as u64) as usize];
            let found = self.source.fill(piece)?;
            self.offset += found as u64;
            left -= found as u64;
            if found < piece.len() {
                self.done = true;
                return Err(Error::Truncated { hdu, expected, found: expected - left });
            }
            if sums.is_some() {
                sum.update(piece);
            }
            take(piece)?;
        }
        let pad = &mut buffer[..padding(expected) as usize];
        let found = self.source.fill(pad)?;
        if found < pad.len() {
            let message = format!("the data ends {} bytes short of a full block", pad.len() - found);
            self.findings.add(Code::DataPaddingMissing, "", self.offset + found as u64, message);
        }
        let ascii = pad[..found].iter().all(|b| *b == b' ');
        if pad[..found].iter().any(|b| *b != 0) && !ascii {
            self.findings.add(
                Code::DataPaddingNotZero,
                "",
                self.offset,
                "the bytes behind the data are not zero",
            );
        }
        self.offset += found as u64;
        if let Some(sums) = sums {
            sum.update(&pad[..found]);
            sums.verify(sum, &mut self.findings);
        }
        self.buffer = buffer;
        Ok(())
    }
}

/// A unit whose header is read and whose data is next in the stream.
#[derive(Debug)]
pub struct OpenHdu<'r, S> {
    reader: &'r mut HduReader<S>,
    head: HduHead,
}

impl<S: Source> OpenHdu<'_, S> {
    /// Its header, kind and size.
    pub fn head(&self) -> &HduHead {
        &self.head
    }

    /// The head, to keep.
    pub fn into_head(self) -> HduHead {
        self.head
    }

    /// Passes over the data, verifying its sums.
    ///
    /// # Errors
    /// [`Error::Truncated`] and those of the stream.
    pub fn skip(&mut self) -> Result<(), Error> {
        self.stream(|_| Ok(()))
    }

    /// Hands out the data in pieces of at most 64 KiB, a multiple of 8 bytes each but for the last one.
    ///
    /// # Errors
    /// [`Error::Truncated`], those of the stream and those of `take`. Data already read is not handed out again.
    pub fn stream(&mut self, take: impl FnMut(&[u8]) -> Result<(), Error>) -> Result<(), Error> {
        match self.reader.pending.take() {
            Some(pending) => self.reader.stream(pending, take),
            None => Ok(()),
        }
    }

    /// The data as it is.
    ///
    /// # Errors
    /// As [`OpenHdu::stream`].
    pub fn bytes(&mut self) -> Result<Vec<u8>, Error> {
        let mut bytes = Vec::with_capacity(self.head.layout.data_bytes.min(RESERVE) as usize);
        self.stream(|piece| {
            bytes.extend_from_slice(piece);
            Ok(())
        })?;
        Ok(bytes)
    }

    /// The image.
    ///
    /// # Errors
    /// [`Error::WrongKind`], [`Error::Limit`], [`Error::Truncated`] and those of the stream.
    pub fn image(&mut self) -> Result<Image, Error> {
        let mut image = Image::begin(&self.head, &self.reader.limits, &mut self.reader.findings)?;
        image.samples.reserve_exact(self.reserve());
        self.stream(|piece| {
            image.samples.extend_be(piece);
            Ok(())
        })?;
        Ok(image)
    }

    /// The binary table.
    ///
    /// # Errors
    /// [`Error::WrongKind`], [`Error::Column`], [`Error::Limit`], [`Error::Truncated`] and those of the stream.
    pub fn table(&mut self) -> Result<BinTable, Error> {
        let kind = &self.head.layout.kind;
        if !kind.is_table() {
            let (hdu, found) = (self.head.index, kind.clone());
            return Err(Error::WrongKind { hdu, found, wanted: "a binary table" });
        }
        let bytes = self.bytes()?;
        BinTable::new(&self.head, bytes, &self.reader.limits, &mut self.reader.findings)
    }

    /// Notes what is odd about the cards that describe the data, without reading it.
    pub(crate) fn examine(&mut self) {
        let findings = &mut self.reader.findings;
        if self.head.layout.kind.is_image() {
            Scaling::of(&self.head.header, self.head.layout.bitpix, findings);
        } else if self.head.layout.kind.is_table() {
            if let Err(error) = BinTable::examine(&self.head, findings) {
                findings.add(Code::TableUnreadable, "", self.head.offset, error.to_string());
            }
        }
    }

    /// Samples to make room for at once.
    pub(crate) fn reserve(&self) -> usize {
        self.head.layout.data_bytes.min(RESERVE) as usize / self.head.layout.bitpix.bytes()
    }

    pub(crate) fn is_compressed_image(&self) -> bool {
        self.head.layout.kind == HduKind::CompressedImage
    }
}
