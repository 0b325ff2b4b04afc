//! How findings and the facts of an exposure are written as JSON and the like: one form for every program (feature `serde`).

use crate::finding::Finding;
use alloc::string::{String, ToString};
use crowdsky_core::FrameMeta;
use serde::Serialize;

/// A [`Finding`] with members that stay.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FindingForm<'a> {
    /// The number of its [`Code`](crate::Code).
    pub code: u16,
    /// `warning` or `error`.
    pub severity: &'static str,
    /// The keyword it is about, if it is about one.
    pub card: Option<&'a str>,
    /// Byte offset in the file.
    pub offset: u64,
    /// In words.
    pub message: &'a str,
}

impl<'a> From<&'a Finding> for FindingForm<'a> {
    fn from(finding: &'a Finding) -> Self {
        FindingForm {
            code: finding.code.number(),
            severity: finding.severity().as_str(),
            card: Some(finding.keyword.as_str()).filter(|keyword| !keyword.is_empty()),
            offset: finding.offset,
            message: &finding.message,
        }
    }
}

/// The facts of an exposure, with their units in the names.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[allow(missing_docs, reason = "as in `FrameMeta`, where each is explained")]
pub struct FactsForm<'a> {
    pub width: u32,
    pub height: u32,
    pub naxis: u32,
    pub bayer: Option<&'a str>,
    pub object: Option<&'a str>,
    pub telescope: Option<&'a str>,
    pub instrument: Option<&'a str>,
    pub filter: Option<String>,
    pub exptime_s: Option<f64>,
    pub gain: Option<f64>,
    pub date_obs: Option<String>,
    pub ra_deg: Option<f64>,
    pub dec_deg: Option<f64>,
    pub image_type: Option<&'a str>,
    pub stack_count: Option<u32>,
    pub eq_mode: Option<bool>,
    pub focal_length_mm: Option<f64>,
    pub pixel_size_um: Option<f64>,
    pub ccd_temp_c: Option<f64>,
    pub focus_pos: Option<i64>,
    pub program: Option<&'a str>,
    pub site_lat_deg: Option<f64>,
    pub site_long_deg: Option<f64>,
}

impl<'a> From<&'a FrameMeta> for FactsForm<'a> {
    fn from(facts: &'a FrameMeta) -> Self {
        FactsForm {
            width: facts.width,
            height: facts.height,
            naxis: facts.naxis,
            bayer: facts.bayer.as_deref(),
            object: facts.object.as_deref(),
            telescope: facts.telescope.as_deref(),
            instrument: facts.instrument.as_deref(),
            filter: facts.filter.as_ref().map(ToString::to_string),
            exptime_s: facts.exptime,
            gain: facts.gain,
            date_obs: facts.date_obs.map(|time| time.to_iso_micros()),
            ra_deg: facts.pointing.map(|pos| pos.ra()),
            dec_deg: facts.pointing.map(|pos| pos.dec()),
            image_type: facts.image_type.as_deref(),
            stack_count: facts.stack_count,
            eq_mode: facts.eq_mode,
            focal_length_mm: facts.focal_length_mm,
            pixel_size_um: facts.pixel_size_um,
            ccd_temp_c: facts.ccd_temp,
            focus_pos: facts.focus_pos,
            program: facts.program.as_deref(),
            site_lat_deg: facts.site_lat,
            site_long_deg: facts.site_long,
        }
    }
}
