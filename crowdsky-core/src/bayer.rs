//! Colour filters: which photosite sees which colour.

use crate::{Error, Result};

/// One of the three colours of a photosite or plane.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Band {
    /// Red, plane 0.
    Red,
    /// Green, plane 1.
    Green,
    /// Blue, plane 2.
    Blue,
}

impl Band {
    /// All bands in the order of the planes.
    pub const ALL: [Band; 3] = [Band::Red, Band::Green, Band::Blue];

    /// The plane's number: 0, 1 or 2.
    #[must_use]
    pub fn index(self) -> usize {
        self as usize
    }
}

/// The colours of the 2 x 2 cell whose first photosite is column 0, row 0 of the file.
///
/// The letters run along row 0, then row 1, as in the card `BAYERPAT`:
///
/// ```text
/// GRBG:   G R G R   row 0
///         B G B G   row 1
/// ```
///
/// ```
/// use crowdsky_core::{Band, BayerPattern};
/// let p: BayerPattern = "GRBG".parse()?;
/// assert_eq!(p.band(0, 0), Band::Green);
/// assert_eq!(p.band(1, 0), Band::Red); // x = 1, y = 0
/// assert_eq!(p.band(0, 1), Band::Blue);
/// # Ok::<(), crowdsky_core::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum BayerPattern {
    /// Red first.
    Rggb,
    /// Blue first.
    Bggr,
    /// Green first, red beside it: every Seestar so far.
    Grbg,
    /// Green first, blue beside it.
    Gbrg,
}

impl BayerPattern {
    /// All four.
    pub const ALL: [BayerPattern; 4] =
        [BayerPattern::Rggb, BayerPattern::Bggr, BayerPattern::Grbg, BayerPattern::Gbrg];

    /// The colour of the photosite in column `x`, row `y`.
    #[inline]
    #[must_use]
    pub fn band(self, x: usize, y: usize) -> Band {
        let (rx, ry) = self.red_site();
        match ((x & 1) == rx, (y & 1) == ry) {
            (true, true) => Band::Red,
            (false, false) => Band::Blue,
            _ => Band::Green,
        }
    }

    /// The four letters of the card BAYERPAT.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            BayerPattern::Rggb => "RGGB",
            BayerPattern::Bggr => "BGGR",
            BayerPattern::Grbg => "GRBG",
            BayerPattern::Gbrg => "GBRG",
        }
    }

    /// Column and row (0 or 1) of the red photosite in the cell.
    #[inline]
    #[must_use]
    pub fn red_site(self) -> (usize, usize) {
        match self {
            BayerPattern::Rggb => (0, 0),
            BayerPattern::Bggr => (1, 1),
            BayerPattern::Grbg => (1, 0),
            BayerPattern::Gbrg => (0, 1),
        }
    }
}

impl std::str::FromStr for BayerPattern {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        match text.trim().to_ascii_uppercase().as_str() {
            "RGGB" => Ok(BayerPattern::Rggb),
            "BGGR" => Ok(BayerPattern::Bggr),
            "GRBG" => Ok(BayerPattern::Grbg),
            "GBRG" => Ok(BayerPattern::Gbrg),
            _ => Err(Error::parse("BAYERPAT", text, "is none of RGGB, BGGR, GRBG, GBRG")),
        }
    }
}

impl std::fmt::Display for BayerPattern {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pattern_has_one_red_two_green_one_blue() {
        for (name, cell) in [("RGGB", "RGGB"), ("BGGR", "BGGR"), ("grbg ", "GRBG"), ("GBRG", "GBRG")] {
            let p: BayerPattern = name.parse().expect("a known pattern");
            let letters: String = [(0, 0), (1, 0), (0, 1), (1, 1)]
                .iter()
                .map(|&(x, y)| ["R", "G", "B"][p.band(x, y).index()])
                .collect();
            assert_eq!(letters, cell);
            assert_eq!(p.to_string(), cell);
        }
        assert!("RGB".parse::<BayerPattern>().is_err());
    }
}
