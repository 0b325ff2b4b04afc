//! The door to JavaScript.

use crate::report::Facts;
use crate::scanner::{Scanned, Scanner};
use js_sys::{Array, JSON, Reflect};
use serde::Serialize;
use wasm_bindgen::prelude::*;

#[wasm_bindgen(typescript_custom_section)]
const TYPES: &str = include_str!("types.d.ts");

#[wasm_bindgen]
extern "C" {
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
    /// For a file of `size` bytes (`File.size`).
    #[wasm_bindgen(constructor)]
    #[must_use]
    pub fn new(size: Option<f64>) -> HeaderScanner {
        HeaderScanner(Scanner::new(size.filter(|s| *s >= 0.0).map(|s| s as u64)))
    }

    /// Takes the next piece. Either the report, or how many bytes from the file's beginning are needed.
    ///
    /// # Errors
    /// None that a caller could cause.
    pub fn push(&mut self, piece: &[u8]) -> Result<ReportOrNeed, JsError> {
        match self.0.push(piece) {
            Scanned::Need(need) => plain(&serde_json::json!({ "need": need })),
            Scanned::Done(report) => plain(&report),
        }
        .map(JsValue::unchecked_into)
    }

    /// The report on a file that ends here.
    ///
    /// # Errors
    /// None that a caller could cause.
    pub fn finish(&self) -> Result<JsReport, JsError> {
        plain(&self.0.finish()).map(JsValue::unchecked_into)
    }
}

/// Sorts the files of these reports into chunks, as the server will.
///
/// # Errors
/// If one of them has no facts.
#[wasm_bindgen(js_name = group)]
#[allow(unreachable_pub)] // JavaScript reaches it.
pub fn group_reports(reports: &Reports) -> Result<JsGrouped, JsError> {
    let reports: &Array = reports.unchecked_ref();
    let facts = reports.iter().enumerate().map(|(at, report)| {
        facts(&report).ok_or_else(|| {
            JsError::new(&format!("report {at} has no facts: leave out files that are not usable"))
        })
    });
    plain(&crate::group(&facts.collect::<Result<Vec<_>, _>>()?)).map(JsValue::unchecked_into)
}

/// As a plain object.
fn plain(value: &impl Serialize) -> Result<JsValue, JsError> {
    let text = serde_json::to_string(value)?;
    JSON::parse(&text).map_err(|_| JsError::new("a report that is no JSON"))
}

/// What grouping needs of a report.
fn facts(report: &JsValue) -> Option<Facts> {
    let facts = Reflect::get(report, &"facts".into()).ok().filter(JsValue::is_object)?;
    let get = |name: &str| Reflect::get(&facts, &name.into()).ok();
    let text = |name| get(name).and_then(|value| value.as_string());
    let number = |name| get(name).and_then(|value| value.as_f64());
    Some(Facts {
        width: number("width")? as u32,
        height: number("height")? as u32,
        naxis: number("naxis")? as u32,
        bayer: None,
        object: text("object"),
        telescope: text("telescope"),
        instrument: None,
        filter: text("filter"),
        exptime_s: number("exptime_s"),
        gain: number("gain"),
        date_obs: text("date_obs"),
        ra_deg: number("ra_deg"),
        dec_deg: number("dec_deg"),
        image_type: None,
        stack_count: None,
        ccd_temp_c: None,
        program: None,
    })
}
