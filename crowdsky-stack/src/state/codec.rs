//! Numbers and texts as bytes, with a sum over all of them; and back, with limits.

use super::StateError;
use std::io::{self, Read, Write};

/// Longest text: a path has at most 4096 bytes.
const LONGEST: usize = 8192;

/// Sum over bytes that a changed, missing or swapped one alters (FNV-1a, Fowler, Noll and Vo, 64 bits).
#[derive(Debug, Clone, Copy)]
struct Sum(u64);

impl Sum {
    const START: Sum = Sum(0xcbf2_9ce4_8422_2325);

    fn add(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
}

/// The sum that bytes end with, for tests that change them.
#[cfg(test)]
pub(super) fn sum_of(bytes: &[u8]) -> [u8; 8] {
    let mut sum = Sum::START;
    sum.add(bytes);
    sum.0.to_le_bytes()
}

/// Writes, little-endian.
pub(super) struct Encoder<W> {
    sink: W,
    sum: Sum,
}

impl<W: Write> Encoder<W> {
    pub(super) fn new(sink: W) -> Self {
        Encoder { sink, sum: Sum::START }
    }

    pub(super) fn bytes(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.sum.add(bytes);
        self.sink.write_all(bytes)
    }

    pub(super) fn u8(&mut self, v: u8) -> io::Result<()> {
        self.bytes(&[v])
    }

    pub(super) fn u32(&mut self, v: u32) -> io::Result<()> {
        self.bytes(&v.to_le_bytes())
    }

    pub(super) fn u64(&mut self, v: u64) -> io::Result<()> {
        self.bytes(&v.to_le_bytes())
    }

    pub(super) fn f32(&mut self, v: f32) -> io::Result<()> {
        self.bytes(&v.to_le_bytes())
    }

    pub(super) fn f64(&mut self, v: f64) -> io::Result<()> {
        self.bytes(&v.to_le_bytes())
    }

    /// How many of something follow.
    pub(super) fn count(&mut self, n: usize) -> io::Result<()> {
        self.u32(u32::try_from(n).map_err(|_| io::Error::from(io::ErrorKind::InvalidInput))?)
    }

    /// At most [`LONGEST`] bytes of it.
    pub(super) fn text(&mut self, text: &str) -> io::Result<()> {
        let text = &text[..text.floor_char_boundary_at(LONGEST)];
        self.count(text.len())?;
        self.bytes(text.as_bytes())
    }

    pub(super) fn option<T>(
        &mut self,
        value: Option<T>,
        put: impl FnOnce(&mut Self, T) -> io::Result<()>,
    ) -> io::Result<()> {
        self.u8(u8::from(value.is_some()))?;
        value.map_or(Ok(()), |v| put(self, v))
    }

    /// The sum of all before it.
    pub(super) fn finish(mut self) -> io::Result<()> {
        let sum = self.sum.0.to_le_bytes();
        self.sink.write_all(&sum)
    }
}

/// `str::floor_char_boundary` is younger than the oldest compiler we support.
trait Boundary {
    fn floor_char_boundary_at(&self, n: usize) -> usize;
}

impl Boundary for str {
    fn floor_char_boundary_at(&self, n: usize) -> usize {
        if n >= self.len() {
            return self.len();
        }
        (0..=n).rev().find(|&i| self.is_char_boundary(i)).unwrap_or(0)
    }
}

/// Reads what [`Encoder`] wrote; trusts nothing.
pub(super) struct Decoder<R> {
    source: R,
    sum: Sum,
}

impl<R: Read> Decoder<R> {
    pub(super) fn new(source: R) -> Self {
        Decoder { source, sum: Sum::START }
    }

    pub(super) fn array<const N: usize>(&mut self) -> Result<[u8; N], StateError> {
        let mut bytes = [0; N];
        self.source.read_exact(&mut bytes).map_err(|_| StateError::Damaged("it ends too early"))?;
        self.sum.add(&bytes);
        Ok(bytes)
    }

    pub(super) fn u8(&mut self) -> Result<u8, StateError> {
        Ok(self.array::<1>()?[0])
    }

    pub(super) fn flag(&mut self) -> Result<bool, StateError> {
        match self.u8()? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(StateError::Damaged("a mark is neither yes nor no")),
        }
    }

    pub(super) fn u32(&mut self) -> Result<u32, StateError> {
        Ok(u32::from_le_bytes(self.array()?))
    }

    pub(super) fn u64(&mut self) -> Result<u64, StateError> {
        Ok(u64::from_le_bytes(self.array()?))
    }

    /// A finite number: none that is kept is anything else.
    pub(super) fn f32(&mut self) -> Result<f32, StateError> {
        let v = f32::from_le_bytes(self.array()?);
        if v.is_finite() { Ok(v) } else { Err(StateError::Damaged("a number is not finite")) }
    }

    /// A finite number.
    pub(super) fn f64(&mut self) -> Result<f64, StateError> {
        let v = f64::from_le_bytes(self.array()?);
        if v.is_finite() { Ok(v) } else { Err(StateError::Damaged("a number is not finite")) }
    }

    pub(super) fn f64s<const N: usize>(&mut self) -> Result<[f64; N], StateError> {
        let mut values = [0.0; N];
        for v in &mut values {
            *v = self.f64()?;
        }
        Ok(values)
    }

    /// A count of at most `most`.
    pub(super) fn count(&mut self, most: usize) -> Result<usize, StateError> {
        let n = self.u32()? as usize;
        if n <= most { Ok(n) } else { Err(StateError::Damaged("a count is beyond its limit")) }
    }

    pub(super) fn text(&mut self) -> Result<String, StateError> {
        let mut bytes = vec![0; self.count(LONGEST)?];
        self.source.read_exact(&mut bytes).map_err(|_| StateError::Damaged("it ends too early"))?;
        self.sum.add(&bytes);
        String::from_utf8(bytes).map_err(|_| StateError::Damaged("a text is not UTF-8"))
    }

    pub(super) fn option<T>(
        &mut self,
        get: impl FnOnce(&mut Self) -> Result<T, StateError>,
    ) -> Result<Option<T>, StateError> {
        if self.flag()? { get(self).map(Some) } else { Ok(None) }
    }

    /// Compares the sum of all before it, and sees that nothing follows.
    pub(super) fn finish(mut self) -> Result<(), StateError> {
        let expected = self.sum.0;
        let told = u64::from_le_bytes(self.array()?);
        if told != expected {
            return Err(StateError::Damaged("its sum does not agree"));
        }
        match self.source.read(&mut [0]) {
            Ok(0) => Ok(()),
            _ => Err(StateError::Damaged("more follows behind its end")),
        }
    }
}
