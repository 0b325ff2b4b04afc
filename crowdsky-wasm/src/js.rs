//! The door to JavaScript.

use crate::json;
use crate::report::Report;
use crate::scanner::Scanner;
use crowdsky_core::{FrameMeta, SkyPos, UtcTime};
use serde::Serialize;
use wasm_bindgen::prelude::*;

#[wasm_bindgen(typescript_custom_section)]
const TYPES: &str = include_str!("types.d.ts");

// Named here and not taken from js-sys, whose futures are 8 kB that nothing here needs.
#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(catch, js_namespace = JSON, js_name = parse)]
    fn parse_json(text: &str) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(catch, js_namespace = Reflect, js_name = get)]
    fn member(of: &JsValue, name: &str) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(catch, js_namespace = Reflect, js_name = get)]
    fn item(of: &JsValue, at: u32) -> Result<JsValue, JsValue>;
    /// `Report`, or `{ need: number }`.
    #[wasm_bindgen(typescript_type = "Report | Need")]
    pub type ReportOrNeed;
    /// `Report`.
    #[wasm_bindgen(typescript_type = "Report")]
    pub type JsReport;
    /// `Report[]`.
    #[wasm_bindgen(typescript_type = "readonly Report[]")]
    pub type Reports;
    /// `Grouped`.
    #[wasm_bindgen(typescript_type = "Grouped")]
    pub type JsGrouped;
}

/// Reads the header of a file from its beginning, piece by piece.
#[wasm_bindgen]
#[derive(Debug)]
pub struct HeaderScanner(Scanner);

#[wasm_bindgen]
impl HeaderScanner {
    /// For a file of `size` bytes (`File.size`). The server takes headers of `header_blocks` blocks of 2880 bytes, 64 where nothing is said.
    #[wasm_bindgen(constructor)]
    #[must_use]
    pub fn new(size: Option<f64>, header_blocks: Option<u32>) -> HeaderScanner {
        let size = size.filter(|size| *size >= 0.0).map(|size| size as u64);
        HeaderScanner(Scanner::new(size, header_blocks.map(|blocks| blocks as usize)))
    }

    /// Takes the next piece. Either the report, or how many bytes from the file's beginning are needed.
    pub fn push(&mut self, piece: &[u8]) -> Result<ReportOrNeed, JsError> {
        match self.0.push(piece) {
            Some(need) => plain(&Need { need }),
            None => plain(&Report::from(&self.0.checked())),
        }
        .map(JsValue::unchecked_into)
    }

    /// The report on a file that ends here.
    pub fn finish(&self) -> Result<JsReport, JsError> {
        plain(&Report::from(&self.0.checked())).map(JsValue::unchecked_into)
    }
}

#[derive(Serialize)]
struct Need {
    need: usize,
}

/// Sorts the files of these reports into chunks, as the server will.
///
/// # Errors
/// If one of them has no facts.
#[wasm_bindgen(js_name = group)]
#[allow(unreachable_pub)] // JavaScript reaches it.
pub fn group_reports(reports: &Reports) -> Result<JsGrouped, JsError> {
    let told = |_| JsError::new("group() takes a list of reports");
    let length = member(reports, "length").map_err(told)?.as_f64().unwrap_or(0.0) as u32;
    let mut frames = Vec::new();
    for at in 0..length {
        let report = item(reports, at).map_err(told)?;
        frames.push(facts(&report).ok_or_else(|| {
            JsError::new(&format!("report {at} has no facts: leave out files that are not usable"))
        })?);
    }
    plain(&crate::group(&frames)).map(JsValue::unchecked_into)
}

/// As a plain object.
fn plain(value: &impl Serialize) -> Result<JsValue, JsError> {
    let text = json::text(value).map_err(|_| JsError::new("a report of a kind that has no JSON"))?;
    parse_json(&text).map_err(|_| JsError::new("a report that is no JSON"))
}

/// What grouping needs of a report.
fn facts(report: &JsValue) -> Option<FrameMeta> {
    let facts = member(report, "facts").ok().filter(JsValue::is_object)?;
    let get = |name: &str| member(&facts, name).ok();
    let text = |name| get(name).and_then(|value| value.as_string());
    let number = |name| get(name).and_then(|value| value.as_f64());
    let mut meta = FrameMeta::new(number("width")? as u32, number("height")? as u32);
    meta.naxis = number("naxis")? as u32;
    (meta.object, meta.telescope) = (text("object"), text("telescope"));
    meta.filter = text("filter").and_then(|text| text.parse().ok());
    (meta.exptime, meta.gain) = (number("exptime_s"), number("gain"));
    meta.date_obs = text("date_obs").and_then(|text| UtcTime::parse_date_obs(&text).ok());
    meta.pointing = number("ra_deg").zip(number("dec_deg")).and_then(|(ra, dec)| SkyPos::new(ra, dec).ok());
    Some(meta)
}
