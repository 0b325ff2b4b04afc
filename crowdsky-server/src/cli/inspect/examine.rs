//! Reads a file as far as `inspect` tells of it.

use crate::cli::exit::causes;
use crowdsky_core::FrameMeta;
use crowdsky_fits::{Code, FileReport, Finding, FrameClass, HduHead, Limits, frame_meta, inspect};
use std::fs::File;
use std::path::{Path, PathBuf};

/// A file, examined.
pub(super) struct Examined {
    pub(super) path: PathBuf,
    /// Length on the disk, if it is there at all.
    pub(super) bytes: Option<u64>,
    pub(super) content: Result<Content, String>,
}

/// What is in a file whose first header can be read.
pub(super) struct Content {
    pub(super) report: FileReport,
    pub(super) class: FrameClass,
    pub(super) facts: FrameMeta,
    /// Of the file and of the facts, in the order of the file.
    pub(super) findings: Vec<Finding>,
}

impl Examined {
    pub(super) fn of(path: &Path) -> Examined {
        let metadata = std::fs::metadata(path);
        let bytes = metadata.as_ref().ok().map(std::fs::Metadata::len);
        let content = match metadata {
            Err(error) => Err(format!("cannot be opened: {error}")),
            // A pipe or a device may keep us waiting for ever.
            Ok(metadata) if !metadata.is_file() => Err("is not a regular file".to_owned()),
            Ok(_) => read(path),
        };
        Examined { path: path.to_owned(), bytes, content }
    }

    /// Whether all of its headers can be read and all of its data is there.
    pub(super) fn usable(&self) -> bool {
        self.content.as_ref().is_ok_and(|content| content.fault().is_none())
    }

    /// Why it is not usable.
    pub(super) fn fault(&self) -> Option<&str> {
        match &self.content {
            Err(problem) => Some(problem),
            Ok(content) => content.fault().map(|finding| finding.message.as_str()),
        }
    }
}

impl Content {
    fn fault(&self) -> Option<&Finding> {
        self.findings
            .iter()
            .find(|finding| matches!(finding.code, Code::DataTruncated | Code::UnitUnreadable))
    }
}

fn read(path: &Path) -> Result<Content, String> {
    let file = File::open(path).map_err(|error| format!("cannot be opened: {error}"))?;
    let report = inspect(file, &Limits::default()).map_err(|error| causes(&error))?;
    let telling = telling(&report.hdus);
    let header = &telling.header;
    let (mut facts, noted) = frame_meta(header);
    let shape = report.hdus.iter().filter(|hdu| hdu.layout.kind.is_image()).map(|hdu| &hdu.layout.shape[..]);
    // Of the first unit with pixels: the first of all is empty in our own stacks.
    if let Some(shape @ [width, height, ..]) = shape.clone().find(|shape| !shape.is_empty()) {
        (facts.naxis, facts.width, facts.height) = (shape.len() as u32, saturate(*width), saturate(*height));
    }
    let class = FrameClass::of(&facts, shape.clone().any(|shape| matches!(shape, [_, _, 3])), header);
    let mut findings = report.findings.clone();
    findings.extend(class.findings(&facts, noted, header));
    findings.sort_by_key(|finding| finding.offset);
    Ok(Content { report, class, facts, findings })
}

/// The unit whose header tells of the exposure: the first, unless it is empty and says nothing of when, as in `.fz`.
fn telling(hdus: &[HduHead]) -> &HduHead {
    let first = &hdus[0];
    if !first.layout.shape.is_empty() || first.header.get("DATE-OBS").is_some() {
        return first;
    }
    hdus.iter().find(|hdu| hdu.header.get("DATE-OBS").is_some()).unwrap_or(first)
}

fn saturate(n: u64) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}
