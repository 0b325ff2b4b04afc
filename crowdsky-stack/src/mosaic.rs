//! A raw frame as the sensor delivered it: one colour per photosite.

use crate::Error;
use crowdsky_core::BayerPattern;

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
    fn a_wrong_count_is_refused() {
        assert!(Mosaic::new(32, 32, BayerPattern::Grbg, vec![0; 1023]).is_err());
        assert!(Mosaic::new(usize::MAX, 2, BayerPattern::Grbg, vec![]).is_err());
        assert!(Mosaic::new(16, 64, BayerPattern::Grbg, vec![0; 1024]).is_err());
    }
}
