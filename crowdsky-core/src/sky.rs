//! Positions on the sky: right ascension and declination in degrees, checked once.

use core::fmt;

use crate::{Error, Result};

/// A direction: RA in [0, 360) and Dec in [-90, 90] degrees, both finite.
///
/// The equinox is that of the source. Seestar headers give the equinox *of date*; chunk keys use those numbers as they
/// stand. Compare with a catalogue only after precessing.
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(try_from = "Degrees"))]
pub struct SkyPos {
    ra: f64,
    dec: f64,
}

impl SkyPos {
    /// From degrees. RA of any size is reduced to [0, 360); -0.0 becomes 0.0.
    ///
    /// ```
    /// use crowdsky_core::SkyPos;
    ///
    /// assert_eq!(SkyPos::new(-0.25, 12.0)?.ra(), 359.75);
    /// assert!(SkyPos::new(10.0, 90.1).is_err());
    /// # Ok::<(), crowdsky_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Range`] when either is not finite, or Dec lies outside -90 to 90.
    pub fn new(ra_deg: f64, dec_deg: f64) -> Result<SkyPos> {
        if !ra_deg.is_finite() {
            return Err(Error::Range { what: "RA", value: ra_deg, allowed: "a finite number of degrees" });
        }
        if !(-90.0..=90.0).contains(&dec_deg) {
            return Err(Error::Range { what: "DEC", value: dec_deg, allowed: "-90 to 90 degrees" });
        }
        Ok(SkyPos::reduced(ra_deg, dec_deg))
    }

    /// From finite numbers and a Dec in range.
    pub(crate) fn reduced(ra_deg: f64, dec_deg: f64) -> SkyPos {
        let mut ra = turn_remainder(ra_deg);
        // A tiny negative RA rounds up to 360.0 itself.
        if ra >= 360.0 {
            ra = 0.0;
        }
        // Adding 0.0 turns -0.0 into 0.0.
        SkyPos { ra: ra + 0.0, dec: dec_deg + 0.0 }
    }

    /// Right ascension, degrees, 0 <= RA < 360.
    pub const fn ra(&self) -> f64 {
        self.ra
    }

    /// Declination, degrees, -90 <= Dec <= 90.
    pub const fn dec(&self) -> f64 {
        self.dec
    }

    /// Angle to `other` in degrees, 0 to 180.
    ///
    /// Vincenty's formula for a sphere (T. Vincenty, Survey Review 23, 1975), good to 1e-14 of the angle from
    /// nearly equal to nearly opposite points, where the arc cosine of the dot product loses half its digits.
    pub fn separation(&self, other: &SkyPos) -> f64 {
        let (sin1, cos1) = libm::sincos(self.dec.to_radians());
        let (sin2, cos2) = libm::sincos(other.dec.to_radians());
        let (sin_d, cos_d) = libm::sincos((other.ra - self.ra).to_radians());
        let across = cos2 * sin_d;
        let along = cos1 * sin2 - sin1 * cos2 * cos_d;
        let dot = sin1 * sin2 + cos1 * cos2 * cos_d;
        libm::atan2(libm::hypot(across, along), dot).to_degrees()
    }

    /// Unit vector: x towards RA 0, y towards RA 90, z towards the north pole.
    pub fn unit_vector(&self) -> [f64; 3] {
        let (sin_dec, cos_dec) = libm::sincos(self.dec.to_radians());
        let (sin_ra, cos_ra) = libm::sincos(self.ra.to_radians());
        [cos_dec * cos_ra, cos_dec * sin_ra, sin_dec]
    }
}

/// `degrees.rem_euclid(360.0)`, to the bit but for the sign of zero, for a finite number. The operator would bring 2 kB of 128-bit division to the browser.
fn turn_remainder(degrees: f64) -> f64 {
    let mut left = degrees.abs();
    let mut turns = 360.0;
    while turns <= left / 2.0 {
        turns *= 2.0;
    }
    // Each difference is exact: what is left is at most twice what is taken (Sterbenz' lemma).
    while turns >= 360.0 {
        if left >= turns {
            left -= turns;
        }
        turns /= 2.0;
    }
    if degrees < 0.0 && left > 0.0 { 360.0 - left } else { left }
}

/// `83.6330 +22.0140`: degrees, four digits (0.4 arcsec).
impl fmt::Display for SkyPos {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.4} {:+.4}", self.ra, self.dec)
    }
}

#[cfg(feature = "serde")]
#[derive(serde::Deserialize)]
struct Degrees {
    ra: f64,
    dec: f64,
}

#[cfg(feature = "serde")]
impl TryFrom<Degrees> for SkyPos {
    type Error = Error;

    fn try_from(d: Degrees) -> Result<SkyPos> {
        SkyPos::new(d.ra, d.dec)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_remainder_of_a_turn_is_exact(bits in any::<u64>(), tame in -2000.0..2000.0f64) {
            for degrees in [f64::from_bits(bits), tame, tame.round() * 360.0].into_iter().filter(|x| x.is_finite()) {
                prop_assert_eq!(turn_remainder(degrees), degrees.rem_euclid(360.0), "{}", degrees);
            }
        }
    }

    fn pos(ra: f64, dec: f64) -> SkyPos {
        SkyPos::new(ra, dec).expect("a position")
    }

    #[test]
    fn ra_is_reduced_and_never_360() {
        for (given, kept) in [(360.0, 0.0), (-1e-20, 0.0), (-0.0, 0.0), (720.5, 0.5), (-90.0, 270.0)] {
            let ra = pos(given, 0.0).ra();
            assert_eq!(ra, kept);
            assert!(ra.is_sign_positive());
        }
    }

    #[test]
    fn bad_numbers_are_refused() {
        for (ra, dec) in
            [(f64::NAN, 0.0), (f64::INFINITY, 0.0), (0.0, f64::NAN), (0.0, 90.000001), (0.0, -91.0)]
        {
            assert!(SkyPos::new(ra, dec).is_err(), "{ra} {dec}");
        }
    }

    #[test]
    fn separations_known_by_hand() {
        assert_eq!(pos(10.0, 20.0).separation(&pos(10.0, 20.0)), 0.0);
        assert!((pos(0.0, 0.0).separation(&pos(180.0, 0.0)) - 180.0).abs() < 1e-12);
        assert!((pos(0.0, 89.0).separation(&pos(180.0, 89.0)) - 2.0).abs() < 1e-12);
        assert!((pos(359.9, 0.0).separation(&pos(0.1, 0.0)) - 0.2).abs() < 1e-12);
        // A micro-arcsecond, where the arc cosine would answer 0.
        let tiny = 1e-6 / 3600.0;
        let found = pos(193.0, 0.0).separation(&pos(193.0, tiny));
        assert!((found / tiny - 1.0).abs() < 1e-9, "{found}");
    }
}
