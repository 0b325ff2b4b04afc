//! Compressed files, told by their first bytes: gzip is unpacked on the fly up to a limit, the others are named and refused.

use crate::source::Source;
use crate::{Error, Limits};
use alloc::string::String;

/// Bytes that tell a file's format.
const START: usize = 8;

/// A file's bytes, unpacked if they were packed.
#[derive(Debug)]
pub(crate) struct Unpacked<S> {
    /// The first bytes, given out before the rest.
    start: [u8; START],
    len: usize,
    given: usize,
    rest: Rest<S>,
}

#[derive(Debug)]
enum Rest<S> {
    Plain(S),
    #[cfg(feature = "gzip")]
    Gzip(alloc::boxed::Box<gzip::Gunzip<S>>),
}

impl<S: Source> Unpacked<S> {
    /// Looks at the first bytes and decides.
    pub(crate) fn new(mut source: S, limits: &Limits) -> Result<Self, Error> {
        let mut start = [0; START];
        let len = source.fill(&mut start)?;
        match &start[..len] {
            [] => return Err(Error::Empty),
            [0x1f, 0x8b, ..] => return gunzip(start, len, source, limits),
            start => refuse_packed(start)?,
        }
        Ok(Unpacked { start, len, given: 0, rest: Rest::Plain(source) })
    }

    /// Whether the file was packed with gzip.
    pub(crate) fn is_gzip(&self) -> bool {
        !matches!(self.rest, Rest::Plain(_))
    }

    pub(crate) fn fill(&mut self, buffer: &mut [u8]) -> Result<usize, Error> {
        let ready = &self.start[self.given..self.len];
        let n = ready.len().min(buffer.len());
        buffer[..n].copy_from_slice(&ready[..n]);
        self.given += n;
        let more = match &mut self.rest {
            Rest::Plain(source) => source.fill(&mut buffer[n..])?,
            #[cfg(feature = "gzip")]
            Rest::Gzip(gunzip) => gunzip.fill(&mut buffer[n..])?,
        };
        Ok(n + more)
    }
}

/// Names what a file is packed with, if it is packed with something that is not read.
pub(crate) fn refuse_packed(start: &[u8]) -> Result<(), Error> {
    Err(match start {
        [0x1f, 0x9d, ..] => unsupported("compress (.Z, LZW)", "unpack it with `uncompress`"),
        [b'B', b'Z', b'h', ..] => unsupported("bzip2", "unpack it with `bunzip2`"),
        [0xfd, b'7', b'z', b'X', b'Z', ..] => unsupported("xz", "unpack it with `unxz`"),
        [0x28, 0xb5, 0x2f, 0xfd, ..] => unsupported("zstd", "unpack it with `unzstd`"),
        [b'P', b'K', 3, 4, ..] => unsupported("a zip archive", "unpack it with `unzip`"),
        _ => return Ok(()),
    })
}

pub(crate) fn unsupported(what: &'static str, instead: &'static str) -> Error {
    Error::Unsupported { what, instead }
}

/// The first bytes for a message, printable.
pub(crate) fn printable(bytes: &[u8]) -> String {
    bytes.iter().take(START).map(|b| if (0x20..0x7f).contains(b) { char::from(*b) } else { '.' }).collect()
}

#[cfg(not(feature = "gzip"))]
fn gunzip<S: Source>(_: [u8; START], _: usize, _: S, _: &Limits) -> Result<Unpacked<S>, Error> {
    Err(unsupported("gzip (this build lacks the feature `gzip`)", "unpack it with `gunzip`"))
}

#[cfg(feature = "gzip")]
fn gunzip<S: Source>(
    start: [u8; START],
    len: usize,
    source: S,
    limits: &Limits,
) -> Result<Unpacked<S>, Error> {
    let rest =
        Rest::Gzip(alloc::boxed::Box::new(gzip::Gunzip::new(&start[..len], source, limits.gzip_bytes)));
    Ok(Unpacked { start, len: 0, given: 0, rest })
}

#[cfg(feature = "gzip")]
mod gzip {
    use crate::Error;
    use crate::source::Source;
    use alloc::format;
    use flate2::bufread::MultiGzDecoder;
    use std::io::{BufReader, Chain, Cursor, Read};

    /// The first bytes and the rest.
    type Packed<S> = BufReader<Chain<Cursor<std::vec::Vec<u8>>, ReadSource<S>>>;

    /// Unpacks as much as is asked for, never more than the limit in all.
    pub(crate) struct Gunzip<S> {
        decoder: MultiGzDecoder<Packed<S>>,
        given: u64,
        limit: u64,
    }

    impl<S> core::fmt::Debug for Gunzip<S> {
        fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
            f.debug_struct("Gunzip")
                .field("given", &self.given)
                .field("limit", &self.limit)
                .finish_non_exhaustive()
        }
    }

    impl<S: Source> Gunzip<S> {
        pub(crate) fn new(start: &[u8], source: S, limit: u64) -> Self {
            let all = Cursor::new(start.to_vec()).chain(ReadSource(source));
            Gunzip { decoder: MultiGzDecoder::new(BufReader::with_capacity(64 << 10, all)), given: 0, limit }
        }

        pub(crate) fn fill(&mut self, buffer: &mut [u8]) -> Result<usize, Error> {
            let mut filled = 0;
            while filled < buffer.len() {
                match self.decoder.read(&mut buffer[filled..]) {
                    Ok(0) => break,
                    Ok(n) => {
                        filled += n;
                        self.given += n as u64;
                        Error::check("bytes unpacked from gzip", self.given, self.limit)?;
                    }
                    Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                    Err(error) => return Err(from_decoder(error)),
                }
            }
            Ok(filled)
        }
    }

    /// The decoder's own errors are of these kinds; all others come from the file below it.
    fn from_decoder(error: std::io::Error) -> Error {
        use std::io::ErrorKind::{InvalidData, InvalidInput, UnexpectedEof};
        match error.kind() {
            InvalidData | InvalidInput | UnexpectedEof => Error::Gzip { problem: format!("{error}") },
            _ => Error::from_io(error),
        }
    }

    struct ReadSource<S>(S);

    impl<S: Source> Read for ReadSource<S> {
        fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
            self.0.read_some(buffer).map_err(|error| match error {
                Error::Io(error) => error,
                other => std::io::Error::other(other),
            })
        }
    }
}
