//! A file as a few lines for people.

use super::examine::{Content, Examined};
use crate::cli::size::megabytes;
use crowdsky_core::HealpixTile;
use crowdsky_fits::HduHead;

/// More findings than this of one file scroll the facts away; `--json` has them all.
const MOST_FINDINGS: usize = 20;

/// All that is to be said of a file.
pub(super) fn everything(file: &Examined) -> String {
    let mut lines = vec![headline(file)];
    if let Ok(content) = &file.content {
        lines.extend(facts(content));
        lines.extend(keys(content));
        lines.extend(content.report.hdus.iter().map(unit));
        lines.extend(findings(content));
    }
    lines.join("\n") + "\n"
}

/// Only what is wrong; empty if nothing is.
pub(super) fn problems(file: &Examined) -> String {
    match &file.content {
        Ok(content) if content.findings.is_empty() => String::new(),
        Ok(content) => format!("{}\n{}\n", headline(file), findings(content).join("\n")),
        Err(_) => headline(file) + "\n",
    }
}

fn headline(file: &Examined) -> String {
    let path = file.path.display();
    match (&file.content, file.fault()) {
        (Err(problem), _) => format!("{path}: UNUSABLE: {problem}"),
        (Ok(_), Some(problem)) => format!("{path}: UNUSABLE: {problem}"),
        (Ok(content), None) => {
            let packed = if content.report.gzip { ", gzip" } else { "" };
            let size = file.bytes.map(|bytes| format!(", {}", size(bytes))).unwrap_or_default();
            format!("{path}: {}{size}{packed}", content.class.as_str())
        }
    }
}

fn size(bytes: u64) -> String {
    if bytes < 1 << 20 { format!("{bytes} bytes") } else { megabytes(bytes) }
}

fn facts(content: &Content) -> Vec<String> {
    let facts = &content.facts;
    let size = (facts.width > 0).then(|| format!("{} x {}", facts.width, facts.height));
    let join = |parts: &[Option<String>]| parts.iter().flatten().cloned().collect::<Vec<_>>().join(", ");
    let camera = join(&[
        facts.telescope.clone(),
        facts.instrument.clone().filter(|name| facts.telescope.as_ref() != Some(name)),
        size,
        facts.bayer.clone(),
        facts.gain.map(|gain| format!("gain {gain}")),
        facts.ccd_temp.map(|celsius| format!("{celsius} C")),
        facts.focal_length_mm.map(|mm| format!("{mm} mm")),
        facts.program.as_ref().map(|program| format!("firmware {program}")),
    ]);
    let exposure = join(&[
        facts.object.clone(),
        facts.exptime.map(|seconds| format!("{seconds} s")),
        facts.filter.as_ref().map(|filter| format!("filter {filter}")),
        facts.date_obs.map(|time| format!("{time} UTC")),
        facts.pointing.map(|pos| format!("RA {:.5} Dec {:+.5}", pos.ra(), pos.dec())),
        facts.stack_count.filter(|n| *n > 1).map(|n| format!("stack of {n}")),
    ]);
    let site =
        facts.site_lat.zip(facts.site_long).map(|(lat, long)| format!("latitude {lat}, longitude {long}"));
    let named = [("camera", camera), ("exposure", exposure), ("site", site.unwrap_or_default())];
    named
        .iter()
        .filter(|(_, text)| !text.is_empty())
        .map(|(name, text)| format!("  {name:<9} {text}"))
        .collect()
}

fn keys(content: &Content) -> Vec<String> {
    let facts = &content.facts;
    let Some(position) = facts.position_key() else { return Vec::new() };
    let mut text = format!("  chunk     {position}");
    if let Some((key, pos)) = facts.healpix_key().zip(facts.pointing) {
        text.push_str(&format!("  {key}  (HEALPix pixel {})", HealpixTile::from_pos(&pos).index()));
    }
    vec![text]
}

fn unit(hdu: &HduHead) -> String {
    let name = hdu.header.text("EXTNAME").map(|name| format!(" {name}")).unwrap_or_default();
    let shape: Vec<String> = hdu.layout.shape.iter().map(u64::to_string).collect();
    let data = match (hdu.layout.kind.is_table(), &hdu.layout.shape[..]) {
        (_, []) => "no data".to_owned(),
        (true, [width, rows]) => {
            let fields = hdu.header.integer("TFIELDS").unwrap_or(0);
            format!("{rows} rows of {fields} columns, {width} bytes each")
        }
        _ => format!("{} of BITPIX {}", shape.join(" x "), hdu.layout.bitpix.value()),
    };
    let cards = hdu.header.cards().len();
    format!("  HDU {:<5} {}{name}: {data}, {cards} cards, at byte {}", hdu.index, hdu.layout.kind, hdu.offset)
}

fn findings(content: &Content) -> Vec<String> {
    let mut lines: Vec<String> =
        content.findings.iter().take(MOST_FINDINGS).map(|finding| format!("  {finding}")).collect();
    let more = content.findings.len().saturating_sub(MOST_FINDINGS);
    if more > 0 {
        lines.push(format!("  and {more} more findings (--json lists them all)"));
    }
    lines
}
