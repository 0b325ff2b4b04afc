//! One frame on its own: is it usable, how bright is its sky, where are its stars.

use crate::background::SkyMesh;
use crate::matching::MIN_MATCHES;
use crate::mosaic::Mosaic;
use crate::report::{Dropped, Reason};
use crate::stars::{Detection, SATURATION, detect};
use crowdsky_core::BayerPattern;

/// What was measured on a frame.
#[derive(Debug, Clone)]
pub(crate) struct Analysed {
    pub(crate) pattern: BayerPattern,
    pub(crate) sky: SkyMesh,
    pub(crate) detection: Detection,
}

/// A frame with this share of its photosites at the limit is twilight or a lamp.
const SATURATED_SHARE: f64 = 0.2;

/// Checks and measures a frame.
pub(crate) fn analyse(mosaic: &Mosaic) -> Result<Analysed, Dropped> {
    let (mut low, mut high, mut saturated, mut n) = (u16::MAX, 0u16, 0usize, 0usize);
    // Every 7th photosite: coprime to the Bayer cell and the usual widths, so all colours and columns are met.
    for &v in mosaic.pixels().iter().step_by(7) {
        (low, high) = (low.min(v), high.max(v));
        saturated += usize::from(v >= SATURATION);
        n += 1;
    }
    if saturated as f64 > SATURATED_SHARE * n as f64 {
        let percent = 100 * saturated / n;
        return Err(Dropped::new(
            Reason::Saturated,
            format!("{percent} % of the pixels are saturated: twilight, or a lamp in the field"),
        ));
    }
    if low == high {
        return Err(Dropped::new(Reason::Blank, format!("all pixels are {low}: a black or empty frame")));
    }
    let sky = SkyMesh::measure(mosaic);
    let detection = detect(mosaic, &sky);
    let found = detection.stars.len();
    if found < MIN_MATCHES {
        let text = format!("{found} stars, at least {MIN_MATCHES} are needed: clouds, dew or a closed cover");
        return Err(Dropped::new(Reason::TooFewStars, text));
    }
    Ok(Analysed { pattern: mosaic.pattern(), sky, detection })
}
