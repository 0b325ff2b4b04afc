//! Columns of a binary table to be written, all of fixed width.

use crate::bitpix::{Bitpix, SamplesRef};
use crate::value::Value;
use crate::{Error, Header};
use alloc::{format, string::String, string::ToString, vec::Vec};

/// Rows are gathered up to about this many bytes before they are handed on.
const GATHER: usize = 64 << 10;

/// Values of a column to be written; made from slices with `into()`.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum CellsRef<'a> {
    /// `B I J K E D`, unsigned ones with the TZERO that says so.
    Numbers(SamplesRef<'a>),
    /// `L`.
    Logical(&'a [bool]),
    /// `A`, as wide as the longest.
    Text(Vec<&'a str>),
    /// `C`.
    Complex32(&'a [[f32; 2]]),
    /// `M`.
    Complex64(&'a [[f64; 2]]),
}

/// A column to be written.
#[derive(Debug, Clone)]
pub struct NewColumn<'a> {
    name: String,
    cells: CellsRef<'a>,
    unit: String,
    comment: String,
    repeat: usize,
    dims: Vec<usize>,
}

impl<'a> NewColumn<'a> {
    /// A column with one value in each row.
    pub fn new(name: &str, cells: impl Into<CellsRef<'a>>) -> Self {
        let (unit, comment, dims) = Default::default();
        NewColumn { name: name.into(), cells: cells.into(), unit, comment, repeat: 1, dims }
    }

    /// TUNIT.
    #[must_use]
    pub fn unit(mut self, unit: &str) -> Self {
        self.unit = unit.into();
        self
    }

    /// The comment of TTYPE: what the column means.
    #[must_use]
    pub fn comment(mut self, comment: &str) -> Self {
        self.comment = comment.into();
        self
    }

    /// An array of this shape (the fastest axis first) in each row.
    #[must_use]
    pub fn shape(mut self, dims: &[usize]) -> Self {
        self.repeat = dims.iter().product();
        self.dims = dims.into();
        self
    }

    fn len(&self) -> usize {
        match &self.cells {
            CellsRef::Numbers(v) => v.len(),
            CellsRef::Logical(v) => v.len(),
            CellsRef::Text(v) => v.len(),
            CellsRef::Complex32(v) => v.len(),
            CellsRef::Complex64(v) => v.len(),
        }
    }

    fn error(&self, problem: impl Into<String>) -> Error {
        Error::Column { column: self.name.clone(), problem: problem.into() }
    }

    /// Rows, by its length and shape.
    fn rows(&self) -> Result<usize, Error> {
        match self.repeat {
            0 => Err(self.error("its cells have no elements")),
            _ if matches!(self.cells, CellsRef::Text(_)) && self.repeat > 1 => {
                Err(self.error("a cell of text is one string"))
            }
            repeat if self.len() % repeat == 0 => Ok(self.len() / repeat),
            repeat => Err(self.error(format!("{} values do not fill cells of {repeat}", self.len()))),
        }
    }

    /// Letter of the type, elements in a cell, bytes of one.
    fn form(&self) -> (char, usize, usize) {
        match &self.cells {
            CellsRef::Numbers(v) => {
                let letter = match v.bitpix() {
                    Bitpix::U8 => 'B',
                    Bitpix::I16 => 'I',
                    Bitpix::I32 => 'J',
                    Bitpix::I64 => 'K',
                    Bitpix::F32 => 'E',
                    Bitpix::F64 => 'D',
                };
                (letter, self.repeat, v.bitpix().bytes())
            }
            CellsRef::Logical(_) => ('L', self.repeat, 1),
            CellsRef::Text(v) => ('A', v.iter().map(|text| text.len()).max().unwrap_or(1).max(1), 1),
            CellsRef::Complex32(_) => ('C', self.repeat, 8),
            CellsRef::Complex64(_) => ('M', self.repeat, 16),
        }
    }

    /// The structural cards of a table of these columns, and its rows.
    pub(crate) fn cards(columns: &[NewColumn<'_>]) -> Result<(Header, usize), Error> {
        let rows = columns.first().map_or(Ok(0), NewColumn::rows)?;
        if columns.len() > 999 {
            return Err(Error::write("the table", "it has more than 999 columns"));
        }
        let width: usize = columns.iter().map(NewColumn::form).map(|(_, repeat, size)| repeat * size).sum();
        let mut cards = Header::new();
        cards.set("XTENSION", "BINTABLE", "binary table extension").set("BITPIX", 8, "bytes");
        cards.set("NAXIS", 2, "rows of bytes").set("NAXIS1", width, "bytes in a row");
        cards.set("NAXIS2", rows, "rows").set("PCOUNT", 0, "no heap").set("GCOUNT", 1, "one table");
        cards.set("TFIELDS", columns.len(), "columns");
        for (index, column) in columns.iter().enumerate() {
            column.check(rows)?;
            let (letter, repeat, _) = column.form();
            let mut set = |stem: &str, value: Value, comment: &str| {
                cards.set(&format!("{stem}{}", index + 1), value, comment);
            };
            set("TTYPE", column.name.as_str().into(), &column.comment);
            set("TFORM", format!("{repeat}{letter}").into(), "");
            if !column.unit.is_empty() {
                set("TUNIT", column.unit.as_str().into(), "");
            }
            if column.dims.len() > 1 {
                let dims: Vec<String> = column.dims.iter().map(usize::to_string).collect();
                set("TDIM", format!("({})", dims.join(",")).into(), "");
            }
            if let CellsRef::Numbers(samples) = column.cells {
                let bzero = samples.bzero();
                if bzero != 0 {
                    let digits = || Value::BigInteger(bzero.to_string());
                    set("TSCAL", 1.into(), "");
                    set("TZERO", i64::try_from(bzero).map_or_else(|_| digits(), Value::Integer), "");
                }
            }
        }
        Ok((cards, rows))
    }

    fn check(&self, rows: usize) -> Result<(), Error> {
        let own = self.rows()?;
        if own != rows {
            return Err(self.error(format!("it has {own} rows, the first column has {rows}")));
        }
        if self.name.is_empty() || self.name.len() > 68 {
            return Err(self.error("its name must have 1 to 68 characters"));
        }
        if let CellsRef::Text(texts) = &self.cells {
            if let Some(text) = texts.iter().find(|text| !text.bytes().all(|b| (0x20..0x7f).contains(&b))) {
                return Err(self.error(format!("{text:?} is not printable ASCII")));
            }
        }
        Ok(())
    }

    /// Hands out the rows.
    pub(crate) fn emit(
        columns: &[NewColumn<'_>],
        rows: usize,
        take: &mut dyn FnMut(&[u8]) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let widths: Vec<usize> = columns.iter().map(|column| column.form().1).collect();
        let mut bytes = Vec::new();
        for row in 0..rows {
            for (column, width) in columns.iter().zip(&widths) {
                column.encode(row, *width, &mut bytes);
            }
            if bytes.len() >= GATHER {
                take(&bytes)?;
                bytes.clear();
            }
        }
        take(&bytes)
    }

    fn encode(&self, row: usize, width: usize, out: &mut Vec<u8>) {
        let range = row * self.repeat..(row + 1) * self.repeat;
        match &self.cells {
            CellsRef::Numbers(samples) => samples.encode(range, out),
            CellsRef::Logical(v) => out.extend(v[range].iter().map(|l| if *l { b'T' } else { b'F' })),
            CellsRef::Text(v) => {
                let end = out.len() + width;
                out.extend_from_slice(v[row].as_bytes());
                out.resize(end, b' ');
            }
            CellsRef::Complex32(v) => {
                SamplesRef::F32(v[range].as_flattened()).encode(0..2 * self.repeat, out)
            }
            CellsRef::Complex64(v) => {
                SamplesRef::F64(v[range].as_flattened()).encode(0..2 * self.repeat, out)
            }
        }
    }
}

macro_rules! from_slice {
    ($($type:ty => |$x:ident| $cells:expr;)+) => {
        $(
            impl<'a> From<&'a [$type]> for CellsRef<'a> {
                fn from($x: &'a [$type]) -> Self { $cells }
            }
            impl<'a> From<&'a Vec<$type>> for CellsRef<'a> {
                fn from(values: &'a Vec<$type>) -> Self { values.as_slice().into() }
            }
        )+
    };
}

from_slice! {
    u8 => |x| CellsRef::Numbers(x.into());
    i16 => |x| CellsRef::Numbers(x.into());
    i32 => |x| CellsRef::Numbers(x.into());
    i64 => |x| CellsRef::Numbers(x.into());
    f32 => |x| CellsRef::Numbers(x.into());
    f64 => |x| CellsRef::Numbers(x.into());
    i8 => |x| CellsRef::Numbers(x.into());
    u16 => |x| CellsRef::Numbers(x.into());
    u32 => |x| CellsRef::Numbers(x.into());
    u64 => |x| CellsRef::Numbers(x.into());
    bool => |x| CellsRef::Logical(x);
    [f32; 2] => |x| CellsRef::Complex32(x);
    [f64; 2] => |x| CellsRef::Complex64(x);
    &'a str => |x| CellsRef::Text(x.to_vec());
    String => |x| CellsRef::Text(x.iter().map(String::as_str).collect());
}
