//! What is true of the night: everything a measurement on the frames can be compared with.

use crate::NightOptions;
use crowdsky_core::UtcTime;
use serde::{Deserialize, Serialize};

/// One star of the catalogue.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Star {
    /// Pixels to the right of the centre of the reference frame.
    pub x: f64,
    /// Pixels below the centre of the reference frame (rows count downwards).
    pub y: f64,
    /// Red, green and blue light of one clear exposure, in ADU, as a sensor without colour filters would sum it
    /// over all its pixels. A frame holds `transparency` times this, through its filters.
    pub flux: [f64; 3],
}

/// A pixel that always reads too high.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct HotPixel {
    /// Column.
    pub x: usize,
    /// Row.
    pub y: usize,
    /// Mean excess in ADU.
    pub excess: f64,
}

/// A satellite's or aeroplane's line across the whole frame.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Trail {
    /// Column of one point of the line.
    pub x: f64,
    /// Row of that point.
    pub y: f64,
    /// Direction in radians, from the x axis towards the y axis.
    pub angle: f64,
    /// Height of the Gaussian cross-section in ADU.
    pub peak: f64,
    /// Width (standard deviation) of the cross-section in pixels.
    pub sigma: f64,
}

/// A block of pixels lit by one particle.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct CosmicRay {
    /// First column.
    pub x: usize,
    /// First row.
    pub y: usize,
    /// Columns, 1 to 3.
    pub width: usize,
    /// Rows, 1 or 2.
    pub height: usize,
    /// ADU added to each pixel.
    pub excess: f64,
}

/// What is true of one exposure.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FrameTruth {
    /// File name as the telescope would give it.
    pub file_name: String,
    /// Start of the exposure.
    pub date_obs: UtcTime,
    /// How far the sky is turned against the reference frame, in radians, from the x axis towards the y axis.
    pub rotation: f64,
    /// How far the sky is moved against the reference frame, x and y, in pixels.
    pub shift: [f64; 2],
    /// Share of the starlight that arrives; 1 is a clear sky.
    pub transparency: f64,
    /// Level of the sky in green at the frame's centre, in ADU above the bias.
    pub sky: f64,
    /// Full width of a star at half its height, in pixels.
    pub fwhm: f64,
    /// Whether a cloud was in the way.
    pub cloudy: bool,
    /// The line across the frame, if there is one.
    pub trail: Option<Trail>,
    /// Particles that hit the sensor.
    pub cosmic_rays: Vec<CosmicRay>,
}

/// What is true of the whole night; `truth.json` holds it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NightTruth {
    /// The options this night was made from: the same options make the same night.
    pub options: NightOptions,
    /// Columns of a frame.
    pub width: usize,
    /// Rows of a frame.
    pub height: usize,
    /// Number of the reference frame: frames / 2.
    pub reference: usize,
    /// The catalogue.
    pub stars: Vec<Star>,
    /// Hot pixels, in the order of rows and columns.
    pub hot_pixels: Vec<HotPixel>,
    /// One entry per exposure.
    pub frames: Vec<FrameTruth>,
}

impl NightTruth {
    /// The frame's centre, column and row: (width - 1) / 2 as pixel centres are whole numbers.
    pub fn centre(&self) -> [f64; 2] {
        [(self.width as f64 - 1.0) / 2.0, (self.height as f64 - 1.0) / 2.0]
    }

    /// Column and row where a star falls on frame `k`: p = R(rotation) s + centre + shift.
    /// `None` if there is no such frame.
    pub fn position(&self, k: usize, star: &Star) -> Option<[f64; 2]> {
        let frame = self.frames.get(k)?;
        let (c, s) = (libm::cos(frame.rotation), libm::sin(frame.rotation));
        let [cx, cy] = self.centre();
        Some([c * star.x - s * star.y + cx + frame.shift[0], s * star.x + c * star.y + cy + frame.shift[1]])
    }

    /// The 2 x 3 matrix that takes a pixel (x, y, 1) of frame `k` to the reference frame's pixel. Pixel centres are
    /// whole numbers. For the reference frame itself it is the identity. `None` if there is no such frame.
    pub fn transform_to_reference(&self, k: usize) -> Option<[[f64; 3]; 2]> {
        let frame = self.frames.get(k)?;
        let (c, s) = (libm::cos(frame.rotation), libm::sin(frame.rotation));
        let [cx, cy] = self.centre();
        // The reference frame is neither turned nor moved, so its pixel is s + centre with
        // s = R(-rotation) (p - centre - shift).
        let (ox, oy) = (cx + frame.shift[0], cy + frame.shift[1]);
        Some([[c, s, cx - c * ox - s * oy], [-s, c, cy + s * ox - c * oy]])
    }
}
