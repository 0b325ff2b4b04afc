//! The telescopes: size of the sensor, its colour filters, and what the headers call it.

use serde::{Deserialize, Serialize};
use std::fmt;

/// Order of the colour filters in the 2x2 cell at the first row and column, read row by row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum BayerPattern {
    /// Red first.
    Rggb,
    /// Blue first.
    Bggr,
    /// Green, red / blue, green: the Seestar's.
    Grbg,
    /// Green, blue / red, green.
    Gbrg,
}

impl BayerPattern {
    /// All four patterns.
    pub const ALL: [Self; 4] = [Self::Rggb, Self::Bggr, Self::Grbg, Self::Gbrg];

    /// Colour of the filter over column `x`, row `y`: 0 red, 1 green, 2 blue.
    ///
    /// ```
    /// use crowdsky_sim::BayerPattern;
    /// // The Seestar's cell:   G R
    /// //                       B G
    /// let cell = [(0, 0), (1, 0), (0, 1), (1, 1)].map(|(x, y)| BayerPattern::Grbg.colour_at(x, y));
    /// assert_eq!(cell, [1, 0, 2, 1]);
    /// ```
    pub fn colour_at(self, x: usize, y: usize) -> usize {
        let cell = match self {
            Self::Rggb => [0, 1, 1, 2],
            Self::Bggr => [2, 1, 1, 0],
            Self::Grbg => [1, 0, 2, 1],
            Self::Gbrg => [1, 2, 0, 1],
        };
        cell[(y & 1) * 2 + (x & 1)]
    }

    /// The four letters of the header card BAYERPAT.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Rggb => "RGGB",
            Self::Bggr => "BGGR",
            Self::Grbg => "GRBG",
            Self::Gbrg => "GBRG",
        }
    }
}

impl fmt::Display for BayerPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A Seestar model: the preset for size, colours and header.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Sensor {
    /// Seestar S50: 1080 x 1920 pixels of 2.9 um behind 250 mm.
    S50,
    /// Seestar S30: 1080 x 1920 pixels of 2.9 um behind 150 mm.
    S30,
    /// Seestar S30 Pro: 2160 x 3840 pixels of 2.9 um behind 160 mm.
    S30Pro,
}

impl Sensor {
    /// Columns and rows.
    pub fn size(self) -> (usize, usize) {
        match self {
            Self::S50 | Self::S30 => (1080, 1920),
            Self::S30Pro => (2160, 3840),
        }
    }

    /// Focal length in millimetres, as the header has it.
    pub fn focal_length_mm(self) -> i64 {
        match self {
            Self::S50 => 250,
            Self::S30 => 150,
            Self::S30Pro => 160,
        }
    }

    /// Order of the colour filters.
    pub fn bayer(self) -> BayerPattern {
        BayerPattern::Grbg
    }

    /// INSTRUME, the camera model. The S30 Pro names its chip.
    pub fn instrument(self) -> &'static str {
        match self {
            Self::S50 => "Seestar S50",
            Self::S30 => "Seestar S30",
            Self::S30Pro => "imx585",
        }
    }

    /// CREATOR, the capture software.
    pub fn creator(self) -> &'static str {
        match self {
            Self::S50 => "ZWO Seestar S50",
            Self::S30 => "ZWO Seestar S30",
            Self::S30Pro => "ZWO Seestar S30 Pro",
        }
    }

    /// TELESCOP: the model and a serial number, here always zero.
    pub fn telescope(self) -> &'static str {
        match self {
            Self::S50 => "S50_00000000",
            Self::S30 => "S30_00000000",
            Self::S30Pro => "S30 Pro_00000000",
        }
    }
}
