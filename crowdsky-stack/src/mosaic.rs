//! A raw frame as the sensor delivered it: one colour per photosite.

use crate::Error;

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
/// use crowdsky_stack::{Band, BayerPattern};
/// let p: BayerPattern = "GRBG".parse()?;
/// assert_eq!(p.band(0, 0), Band::Green);
/// assert_eq!(p.band(1, 0), Band::Red); // x = 1, y = 0
/// assert_eq!(p.band(0, 1), Band::Blue);
/// # Ok::<(), crowdsky_stack::Error>(())
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

    fn from_str(text: &str) -> Result<Self, Error> {
        match text.trim().to_ascii_uppercase().as_str() {
            "RGGB" => Ok(BayerPattern::Rggb),
            "BGGR" => Ok(BayerPattern::Bggr),
            "GRBG" => Ok(BayerPattern::Grbg),
            "GBRG" => Ok(BayerPattern::Gbrg),
            _ => Err(Error::BayerPattern(text.to_owned())),
        }
    }
}

impl std::fmt::Display for BayerPattern {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            BayerPattern::Rggb => "RGGB",
            BayerPattern::Bggr => "BGGR",
            BayerPattern::Grbg => "GRBG",
            BayerPattern::Gbrg => "GBRG",
        })
    }
}

/// The photosites of one exposure, row by row, with the pattern that tells their colours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mosaic {
    width: usize,
    height: usize,
    pattern: BayerPattern,
    pixels: Vec<u16>,
}

impl Mosaic {
    /// The smallest side that detection and the sky mesh can work on, in pixels.
    pub const MIN_SIDE: usize = 32;

    /// Takes over `pixels`, `height` rows of `width` photosites each.
    ///
    /// # Errors
    /// [`Error::Shape`] if a side is below [`Self::MIN_SIDE`] or the count is not `width * height`.
    pub fn new(width: usize, height: usize, pattern: BayerPattern, pixels: Vec<u16>) -> Result<Self, Error> {
        let fits = width.checked_mul(height) == Some(pixels.len());
        if !fits || width < Self::MIN_SIDE || height < Self::MIN_SIDE {
            return Err(Error::Shape { width, height, pixels: pixels.len() });
        }
        Ok(Mosaic { width, height, pattern, pixels })
    }

    /// Columns.
    #[inline]
    #[must_use]
    pub fn width(&self) -> usize {
        self.width
    }

    /// Rows.
    #[inline]
    #[must_use]
    pub fn height(&self) -> usize {
        self.height
    }

    /// The colour filter's pattern.
    #[inline]
    #[must_use]
    pub fn pattern(&self) -> BayerPattern {
        self.pattern
    }

    /// All photosites, row by row.
    #[inline]
    #[must_use]
    pub fn pixels(&self) -> &[u16] {
        &self.pixels
    }

    /// Row `y`.
    #[inline]
    #[must_use]
    pub fn row(&self, y: usize) -> &[u16] {
        &self.pixels[y * self.width..(y + 1) * self.width]
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

    #[test]
    fn a_wrong_count_is_refused() {
        assert!(Mosaic::new(32, 32, BayerPattern::Grbg, vec![0; 1023]).is_err());
        assert!(Mosaic::new(usize::MAX, 2, BayerPattern::Grbg, vec![]).is_err());
        assert!(Mosaic::new(16, 64, BayerPattern::Grbg, vec![0; 1024]).is_err());
    }
}
