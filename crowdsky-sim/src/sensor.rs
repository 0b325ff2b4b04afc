//! The telescopes: size of the sensor, its colour filters, and what the headers call it.

use crowdsky_core::BayerPattern;
use serde::{Deserialize, Serialize};

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
