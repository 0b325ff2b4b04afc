//! Binary tables: columns by name, cells decoded column by column (FITS 4.0, section 7.3).

use crate::bitpix::{Bitpix, Samples};
use crate::card::Card;
use crate::cells::Cells;
use crate::finding::{Code, Findings};
use crate::hdu::{HduHead, numbered};
use crate::tform::{Element, TForm};
use crate::value::Value;
use crate::{Error, Limits};
use alloc::{format, string::String, vec, vec::Vec};

/// Elements of variable-length arrays for each byte of the table: 1 where no two rows share bytes, 8 for bits. Without a bound a
/// table of 260 kB asks for 2 GB by pointing all its rows to one array.
const SHARING: u64 = 8;

/// One column: its keywords.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Column {
    /// From 1.
    pub number: usize,
    /// TTYPEn; may be empty.
    pub name: String,
    /// TFORMn.
    pub form: TForm,
    /// TUNITn.
    pub unit: Option<String>,
    /// TDISPn.
    pub display: Option<String>,
    /// TDIMn: shape of a cell, the fastest axis first. Only when it fits the repeat count.
    pub dims: Option<Vec<usize>>,
    /// TSCALn, to be applied to numbers; 1 once an unsigned type is made.
    pub scale: f64,
    /// TZEROn, to be applied to numbers; 0 once an unsigned type is made.
    pub zero: f64,
    /// TNULLn, on the scale of the decoded integers.
    pub null: Option<i128>,
    /// Bytes before the cell in its row.
    pub offset: usize,
    numbers: Samples,
}

/// A binary table.
///
/// ```
/// # use crowdsky_fits::{Cells, FitsWriter, Header, HduData, Limits, NewColumn, Samples, read_all};
/// # let mut file = Vec::new();
/// # let mut writer = FitsWriter::new(&mut file);
/// # writer.write_primary(&Header::new(), None)?;
/// # writer.write_table("STAR-TAB", &Header::new(), &[NewColumn::new("flux", &[10.0f32, 20.0][..])])?;
/// let (hdus, _) = read_all(&file[..], &Limits::default())?;
/// let HduData::Table(table) = &hdus[1].data else { panic!("a table was written") };
/// let flux = table.column("flux").expect("the column was written");
/// assert_eq!(table.cells(flux)?, Cells::Numbers(Samples::F32(vec![10.0, 20.0])));
/// # Ok::<(), crowdsky_fits::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct BinTable {
    columns: Vec<Column>,
    rows: usize,
    row_bytes: usize,
    /// Rows, gap and heap.
    data: Vec<u8>,
    heap: usize,
    cell_limit: u64,
}

impl BinTable {
    /// From the bytes of its data.
    pub(crate) fn new(
        head: &HduHead,
        data: Vec<u8>,
        limits: &Limits,
        findings: &mut Findings,
    ) -> Result<Self, Error> {
        let (rows, row_bytes) = rows_and_width(head)?;
        // Rows without bytes are not bounded by the file's length.
        Error::check("table rows", rows, limits.pixels)?;
        // No overflow: `Layout` has seen that all axes together fit 63 bits.
        let main = usize::try_from(rows * row_bytes as u64).map_err(|_| too_wide(head))?;
        let rows = usize::try_from(rows).map_err(|_| too_wide(head))?;
        if data.len() < main {
            let (expected, found) = (head.layout.data_bytes, data.len() as u64);
            return Err(Error::Truncated { hdu: head.index, expected, found });
        }
        let columns = columns(head, row_bytes, findings)?;
        let heap = match head.header.get("THEAP") {
            None => main,
            Some(card) => {
                let theap = card.value().and_then(Value::as_integer).and_then(|n| usize::try_from(n).ok());
                theap.filter(|n| (main..=data.len()).contains(n)).ok_or_else(|| {
                    Error::keyword(
                        "THEAP",
                        card.offset(),
                        format!("it is not between {main} and {}", data.len()),
                    )
                })?
            }
        };
        Ok(BinTable { columns, rows, row_bytes, data, heap, cell_limit: limits.pixels })
    }

    /// Checks the cards that describe the rows.
    pub(crate) fn examine(head: &HduHead, findings: &mut Findings) -> Result<(), Error> {
        let (_, row_bytes) = rows_and_width(head)?;
        columns(head, row_bytes, findings).map(drop)
    }

    /// From the bytes of its data, for callers that read those themselves.
    ///
    /// # Errors
    /// [`Error::WrongKind`], [`Error::Column`], [`Error::Keyword`], [`Error::Limit`] and [`Error::Truncated`].
    pub fn decode(head: &HduHead, data: &[u8], limits: &Limits) -> Result<Self, Error> {
        if !head.layout.kind.is_table() {
            let found = head.layout.kind.clone();
            return Err(Error::WrongKind { hdu: head.index, found, wanted: "a binary table" });
        }
        Self::new(head, data.to_vec(), limits, &mut Findings::new(0))
    }

    /// The columns in their order.
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// The first column of this name, in any case.
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name.eq_ignore_ascii_case(name))
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// All cells of a column of fixed width, `repeat` elements of each row after those of the row before.
    ///
    /// # Errors
    /// [`Error::Column`] for a variable-length column (see [`BinTable::arrays`]), [`Error::Limit`].
    pub fn cells(&self, column: &Column) -> Result<Cells, Error> {
        if column.form.descriptor.is_some() {
            return Err(column.error("its arrays vary in length; read them one by one"));
        }
        let repeat = column.form.repeat;
        Error::check("table cells", (self.rows as u64).saturating_mul(repeat as u64), self.cell_limit)?;
        let mut cells = Cells::empty(column.form.element, &column.numbers);
        if column.form.bytes == 0 {
            return Ok(cells);
        }
        for row in 0..self.rows {
            cells.extend(self.cell(row, column)?, repeat, column.string_width());
        }
        Ok(cells)
    }

    /// The arrays of a variable-length column, one of each row.
    ///
    /// # Errors
    /// [`Error::Column`] for a column of fixed width, or an array that is not inside the heap; [`Error::Limit`] when they are
    /// more elements in all than the limit (many rows may point to the same bytes).
    pub fn arrays(&self, column: &Column) -> Result<Vec<Cells>, Error> {
        let Some(size) = column.form.descriptor else {
            return Err(column.error("its cells have a fixed width; read them at once"));
        };
        let mut arrays = Vec::new();
        let limit = self.cell_limit.min(SHARING * self.data.len() as u64);
        let mut elements = 0u64;
        for row in 0..self.rows {
            let mut cells = Cells::empty(column.form.element, &column.numbers);
            if column.form.repeat > 0 {
                let (count, offset) = self.cell(row, column)?.split_at(size / 2);
                let (count, offset) = (signed(count), signed(offset));
                let outside = || {
                    column.error(format!(
                        "row {} has {count} elements at byte {offset}, outside the heap",
                        row + 1
                    ))
                };
                let count = usize::try_from(count).map_err(|_| outside())?;
                elements = elements.saturating_add(count as u64);
                Error::check("elements of variable-length arrays", elements, limit)?;
                if count > 0 {
                    let start = usize::try_from(offset).ok().and_then(|n| n.checked_add(self.heap));
                    let len = column.form.element.bytes(count);
                    let end = start.zip(len).and_then(|(start, len)| start.checked_add(len));
                    let range = start.zip(end).map(|(start, end)| start..end);
                    let bytes = range.and_then(|range| self.data.get(range)).ok_or_else(outside)?;
                    cells.extend(bytes, count, count);
                }
            }
            arrays.push(cells);
        }
        Ok(arrays)
    }

    /// The numbers of a column of fixed width as physical values: scaled, nulls NaN.
    ///
    /// # Errors
    /// As [`BinTable::cells`], and [`Error::Column`] when the column holds no numbers.
    pub fn physical(&self, column: &Column) -> Result<Vec<f64>, Error> {
        let Cells::Numbers(numbers) = self.cells(column)? else {
            return Err(column.error("it holds no numbers"));
        };
        let mut values = numbers.to_f64(column.null);
        if column.scale != 1.0 || column.zero != 0.0 {
            values.iter_mut().for_each(|value| *value = column.zero + column.scale * *value);
        }
        Ok(values)
    }

    fn cell(&self, row: usize, column: &Column) -> Result<&[u8], Error> {
        let start = row * self.row_bytes + column.offset;
        self.data
            .get(start..start + column.form.bytes)
            .ok_or_else(|| column.error("it lies outside the rows"))
    }
}

impl Column {
    fn error(&self, problem: impl Into<String>) -> Error {
        column_error(self.number, &self.name, problem)
    }

    fn string_width(&self) -> usize {
        let first = self.dims.as_ref().and_then(|dims| dims.first().copied());
        self.form.substring.or(first).unwrap_or(self.form.repeat)
    }
}

/// Number of rows, and bytes in each.
fn rows_and_width(head: &HduHead) -> Result<(u64, usize), Error> {
    let [row_bytes, rows] = head.layout.shape[..] else {
        return Err(Error::keyword("NAXIS", head.offset, "a binary table has two axes"));
    };
    if head.layout.bitpix != Bitpix::U8 {
        return Err(Error::keyword("BITPIX", head.offset, "a binary table has BITPIX 8"));
    }
    Ok((rows, usize::try_from(row_bytes).map_err(|_| too_wide(head))?))
}

fn too_wide(head: &HduHead) -> Error {
    Error::keyword("NAXIS", head.offset, "the rows are more than this machine can address")
}

fn column_error(number: usize, name: &str, problem: impl Into<String>) -> Error {
    let column = if name.is_empty() { format!("{number}") } else { format!("{number} ({name})") };
    Error::Column { column, problem: problem.into() }
}

fn signed(bytes: &[u8]) -> i64 {
    let bits = bytes.iter().fold(0u64, |bits, byte| bits << 8 | u64::from(*byte));
    if bytes.len() == 4 { i64::from(bits as i32) } else { bits as i64 }
}

/// The keywords of one column, as cards.
#[derive(Clone, Copy, Default)]
struct Keywords<'a> {
    cards: [Option<&'a Card>; STEMS.len()],
}

const STEMS: [&str; 8] = ["TFORM", "TTYPE", "TUNIT", "TDISP", "TDIM", "TSCAL", "TZERO", "TNULL"];

fn columns(head: &HduHead, row_bytes: usize, findings: &mut Findings) -> Result<Vec<Column>, Error> {
    let card = head.header.get("TFIELDS");
    let fields = card.and_then(Card::value).and_then(Value::as_integer);
    let fields = fields.and_then(|n| usize::try_from(n).ok()).filter(|n| *n <= 999).ok_or_else(|| {
        let offset = card.map_or(head.offset, Card::offset);
        Error::keyword("TFIELDS", offset, "a binary table needs a number of columns between 0 and 999")
    })?;
    // One pass over the cards: 999 columns of 8 keywords each stay linear.
    let mut keywords = vec![Keywords::default(); fields];
    for card in head.header.cards() {
        for (place, stem) in STEMS.iter().enumerate() {
            if let Some(n) = numbered(card.keyword(), stem).filter(|n| *n <= fields) {
                keywords[n - 1].cards[place].get_or_insert(card);
            }
        }
    }
    let mut columns = Vec::with_capacity(fields);
    let mut offset = 0usize;
    for (index, keywords) in keywords.iter().enumerate() {
        let column = keywords.column(index + 1, offset, findings)?;
        offset = offset
            .checked_add(column.form.bytes)
            .filter(|end| *end <= row_bytes)
            .ok_or_else(|| column.error(format!("it ends beyond the {row_bytes} bytes of a row")))?;
        columns.push(column);
    }
    if offset < row_bytes {
        let message = format!("the columns fill {offset} of the {row_bytes} bytes of a row");
        findings.add(Code::RowWidth, "NAXIS1", head.offset, message);
    }
    Ok(columns)
}

impl Keywords<'_> {
    fn text(&self, stem: usize) -> Option<String> {
        self.cards[stem].and_then(Card::value).and_then(Value::as_str).map(|text| text.trim_end().into())
    }

    fn number(&self, stem: usize, usual: f64, findings: &mut Findings) -> f64 {
        let Some(card) = self.cards[stem] else { return usual };
        let number = card.value().and_then(Value::as_real).filter(|n| n.is_finite());
        number.unwrap_or_else(|| {
            let message = format!("{} is not a number; {usual} is assumed", card.keyword());
            findings.add(Code::ColumnKeyword, card.keyword(), card.offset(), message);
            usual
        })
    }

    fn column(&self, number: usize, offset: usize, findings: &mut Findings) -> Result<Column, Error> {
        let name = self.text(1).unwrap_or_default();
        let form = self.text(0).ok_or_else(|| column_error(number, &name, "its TFORM is missing"))?;
        let form = TForm::parse(&form).map_err(|problem| column_error(number, &name, problem))?;
        let (mut scale, mut zero) = (self.number(5, 1.0, findings), self.number(6, 0.0, findings));
        let mut null = self.cards[7].and_then(Card::value).and_then(Value::as_integer).map(i128::from);
        let mut numbers = Samples::U8(Vec::new());
        if let Element::Number(bitpix) = form.element {
            numbers = Samples::stored(bitpix);
            null = null.filter(|_| !bitpix.is_float());
            if let Some(samples) = Samples::empty(bitpix, zero).filter(|_| scale == 1.0) {
                (numbers, null) = (samples, null.map(|null| null + zero as i128));
                (scale, zero) = (1.0, 0.0);
            }
        }
        let dims = self.cards[4].and_then(|card| {
            let dims = self.text(4).and_then(|text| parse_dims(&text)).filter(|dims| {
                let product = dims.iter().try_fold(1usize, |all, n| all.checked_mul(*n));
                form.descriptor.is_some() || product.is_some_and(|n| n <= form.repeat)
            });
            if dims.is_none() {
                let message = format!(
                    "{} does not fit the {} elements of a cell; ignored",
                    card.keyword(),
                    form.repeat
                );
                findings.add(Code::ColumnKeyword, card.keyword(), card.offset(), message);
            }
            dims
        });
        let (unit, display) = (self.text(2), self.text(3));
        Ok(Column { number, name, form, unit, display, dims, scale, zero, null, offset, numbers })
    }
}

/// `(3,4)` as 3, 4.
fn parse_dims(text: &str) -> Option<Vec<usize>> {
    let inside = text.trim().strip_prefix('(')?.strip_suffix(')')?;
    inside.split(',').map(|n| n.trim().parse().ok()).collect()
}
