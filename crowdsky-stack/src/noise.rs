//! Electrons per ADU, from the frames themselves (photon transfer) or from a table of cameras.
//!
//! The variance of a photosite is `read noise² + (level - bias) / gain`. Neither bias nor read noise of a raw frame is known,
//! but they are the same for all colours and frames: over levels that differ (three colours, a sky that brightens, clouds) the
//! variance is a straight line whose slope is 1 / gain (Janesick, Photon Transfer, 2007, chapter 5).

use crate::background::SkyMesh;
use crowdsky_core::FrameMeta;
use serde::{Deserialize, Serialize};

/// Where the noise model comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NoiseSource {
    /// Measured on the frames that were stacked.
    PhotonTransfer,
    /// Table of cameras and gains, where the frames' levels differ too little.
    Table,
}

/// How the noise of a photosite grows with its light.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct NoiseModel {
    /// Electrons per ADU of the raw frames.
    pub electrons_per_adu: f64,
    /// Standard error of that, relative; `None` from the table.
    pub relative_error: Option<f64>,
    /// Where it comes from.
    pub source: NoiseSource,
}

/// A slope is believed if its standard error is below this share of it.
const MAX_ERROR: f64 = 0.05;
/// Fewest level and variance pairs: three colours of two frames.
const MIN_POINTS: usize = 6;

impl NoiseModel {
    /// From the skies of the frames; where these cannot tell, from the table; `None` for a camera that is not in it.
    pub(crate) fn find(skies: &[&SkyMesh], meta: &FrameMeta) -> Option<NoiseModel> {
        photon_transfer(skies).or_else(|| table(meta))
    }
}

/// The slope of variance over level, by least squares; the scatter about the line tells its error.
fn photon_transfer(skies: &[&SkyMesh]) -> Option<NoiseModel> {
    let points: Vec<(f64, f64)> = skies
        .iter()
        .flat_map(|s| s.median().into_iter().zip(s.noise()))
        .map(|(level, noise)| (f64::from(level), f64::from(noise).powi(2)))
        .collect();
    let n = points.len() as f64;
    if points.len() < MIN_POINTS {
        return None;
    }
    let (mx, my) = points.iter().fold((0.0, 0.0), |(x, y), p| (x + p.0 / n, y + p.1 / n));
    let (xx, xy) =
        points.iter().fold((0.0, 0.0), |(xx, xy), p| (xx + (p.0 - mx).powi(2), xy + (p.0 - mx) * (p.1 - my)));
    let slope = xy / xx;
    if !(slope > 0.0 && slope.is_finite()) {
        return None;
    }
    let scatter: f64 =
        points.iter().map(|p| (p.1 - my - slope * (p.0 - mx)).powi(2)).sum::<f64>() / (n - 2.0);
    let error = (scatter / xx).sqrt() / slope;
    (error < MAX_ERROR).then_some(NoiseModel {
        electrons_per_adu: 1.0 / slope,
        relative_error: Some(error),
        source: NoiseSource::PhotonTransfer,
    })
}

/// Cameras: words of INSTRUME, electrons per ADU at the gain beside it, which counts tenths of a decibel.
const CAMERAS: [(&str, f64, f64); 1] = [("seestar s50", 80.0, 1.0)];

fn table(meta: &FrameMeta) -> Option<NoiseModel> {
    let camera = meta.instrument.as_deref()?.to_ascii_lowercase();
    let (_, electrons, at) = CAMERAS.iter().find(|c| camera.contains(c.0))?;
    let gain = meta.gain?;
    Some(NoiseModel {
        electrons_per_adu: electrons * 10f64.powf((at - gain) / 200.0),
        relative_error: None,
        source: NoiseSource::Table,
    })
}
