//! Where bytes come from and go to. With the feature `std` every `Read` and `Write`; without it, slices and `Vec<u8>`.

use crate::Error;

/// A stream of bytes to read from.
pub trait Source {
    /// Fills the start of `buffer`; 0 bytes mean the end.
    ///
    /// # Errors
    /// What the stream says.
    fn read_some(&mut self, buffer: &mut [u8]) -> Result<usize, Error>;

    /// Fills `buffer` as far as the stream goes.
    ///
    /// # Errors
    /// What the stream says.
    fn fill(&mut self, buffer: &mut [u8]) -> Result<usize, Error> {
        let mut filled = 0;
        while filled < buffer.len() {
            match self.read_some(&mut buffer[filled..])? {
                0 => break,
                n => filled += n,
            }
        }
        Ok(filled)
    }
}

/// A stream of bytes to write to.
pub trait Sink {
    /// Writes all of `bytes`.
    ///
    /// # Errors
    /// What the stream says, a full disk for one.
    fn put(&mut self, bytes: &[u8]) -> Result<(), Error>;
}

#[cfg(feature = "std")]
impl<R: std::io::Read> Source for R {
    fn read_some(&mut self, buffer: &mut [u8]) -> Result<usize, Error> {
        loop {
            match self.read(buffer) {
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                other => return other.map_err(Error::from_io),
            }
        }
    }
}

#[cfg(feature = "std")]
impl<W: std::io::Write> Sink for W {
    fn put(&mut self, bytes: &[u8]) -> Result<(), Error> {
        Ok(self.write_all(bytes)?)
    }
}

#[cfg(not(feature = "std"))]
impl Source for &[u8] {
    fn read_some(&mut self, buffer: &mut [u8]) -> Result<usize, Error> {
        let (head, rest) = self.split_at(buffer.len().min(self.len()));
        buffer[..head.len()].copy_from_slice(head);
        *self = rest;
        Ok(head.len())
    }
}

#[cfg(not(feature = "std"))]
impl Sink for &mut alloc::vec::Vec<u8> {
    fn put(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.extend_from_slice(bytes);
        Ok(())
    }
}
