//! A report on a whole file that holds none of its data.

use crate::finding::{Code, Finding};
use crate::hdu::HduHead;
use crate::source::Source;
use crate::{Error, HduReader, Limits};
use alloc::{string::ToString, vec::Vec};

/// What a file holds and what is odd about it.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct FileReport {
    /// The units, up to the first that cannot be read.
    pub hdus: Vec<HduHead>,
    /// What is odd, in the order it was met.
    pub findings: Vec<Finding>,
    /// Whether the file is packed with gzip.
    pub gzip: bool,
}

impl FileReport {
    /// Whether the file follows the standard to the letter, as far as this crate looks.
    pub fn is_standard(&self) -> bool {
        self.findings.is_empty()
    }
}

/// Walks through a file: reads every header, passes over the data, verifies DATASUM and CHECKSUM.
///
/// A fault behind the first header does not lose the report: it ends the walk and is its last finding.
///
/// # Errors
/// Only when the first header cannot be read.
pub fn inspect(source: impl Source, limits: &Limits) -> Result<FileReport, Error> {
    let mut reader = HduReader::new(source, limits)?;
    let gzip = reader.is_gzip();
    let mut hdus: Vec<HduHead> = Vec::new();
    let fault = loop {
        match reader.next_hdu() {
            Ok(Some(mut hdu)) => {
                hdu.examine();
                hdus.push(hdu.into_head());
            }
            Ok(None) => break None,
            Err(error) if hdus.is_empty() => return Err(error),
            Err(error) => break Some(error),
        }
    };
    let mut findings = reader.into_findings();
    if let Some(error) = fault {
        let code = match error {
            Error::Truncated { .. } => Code::DataTruncated,
            _ => Code::UnitUnreadable,
        };
        let last = hdus.last().map_or(0, |head| head.offset);
        findings.push(Finding::new(code, "", last, error.to_string()));
    }
    Ok(FileReport { hdus, findings, gzip })
}

/// Strict reading: everything [`inspect`] finds, as a fault.
///
/// # Errors
/// What cannot be read at all. What can be read but breaks the standard is in the list, which is empty for a good file.
pub fn verify(source: impl Source, limits: &Limits) -> Result<Vec<Finding>, Error> {
    inspect(source, limits).map(|report| report.findings)
}
