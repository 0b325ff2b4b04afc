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

/// Cameras: words of INSTRUME, electrons per ADU (measured on 16 frames of M 94, to 1.5 %) and the gain it was measured at, in
/// tenths of a decibel.
const CAMERAS: [(&str, f64, f64); 1] = [("seestar s50", 0.078, 80.0)];

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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::matching::tests::random;
    use crate::mosaic::Mosaic;
    use crowdsky_core::{Band, BayerPattern};

    /// A starless frame of 2 e/ADU and 3 ADU of read noise over a bias of 100.
    fn sky(level: f64, seed: u64) -> SkyMesh {
        let mut r = random(seed);
        let p = BayerPattern::Rggb;
        let pixels = (0..256 * 256)
            .map(|i| {
                let colour = match p.band(i % 256, i / 256) {
                    Band::Red => 0.7,
                    Band::Green => 1.0,
                    Band::Blue => 0.5,
                };
                let light: f64 = level * colour;
                let sigma = (9.0 + light / 2.0).sqrt();
                (100.0 + light + sigma * ((0..12).map(|_| r()).sum::<f64>() - 6.0)).round() as u16
            })
            .collect();
        SkyMesh::measure(&Mosaic::new(256, 256, p, pixels).expect("shape"))
    }

    #[test]
    fn the_gain_is_found_from_three_colours() {
        let skies: Vec<SkyMesh> = (0..40).map(|k| sky(800.0 + 5.0 * k as f64, k)).collect();
        let list: Vec<&SkyMesh> = skies.iter().collect();
        let found = NoiseModel::find(&list, &FrameMeta::new(256, 256)).expect("levels that differ");
        assert_eq!(found.source, NoiseSource::PhotonTransfer);
        assert!((found.electrons_per_adu / 2.0 - 1.0).abs() < 0.1, "{found:?}");
    }

    #[test]
    fn one_frame_of_a_known_camera_takes_the_table() {
        let one = sky(800.0, 1);
        let mut meta = FrameMeta::new(256, 256);
        assert_eq!(NoiseModel::find(&[&one], &meta), None);
        (meta.instrument, meta.gain) = (Some("Seestar S50".to_owned()), Some(80.0));
        let found = NoiseModel::find(&[&one], &meta).expect("a camera of the table");
        assert_eq!((found.electrons_per_adu, found.source), (0.078, NoiseSource::Table));
        // 20 decibels more are a tenth of the electrons.
        meta.gain = Some(280.0);
        let found = NoiseModel::find(&[&one], &meta).expect("a camera of the table");
        assert!((found.electrons_per_adu - 0.0078).abs() < 1e-9);
    }
}
