//! HEALPix: the sky in 196,608 tiles of equal area, for chunk keys, searches and coverage.
//!
//! The formulas are those of Gorski et al. 2005, ApJ 622, 759, section 5 ("RING" numbering: along circles of equal
//! latitude, from the north pole down). Sines and roots come from `libm` on every target, so that the browser and
//! the server never differ by a tile.
//!
//! Exactly on the border of two tiles the last bit of a cosine decides. There these functions follow the original client
//! (`z = cos(90 deg - Dec)`), whose keys must come out the same: equal on 200,000 random points and a grid of 46,208, and
//! on all but 25 of 4316 corners of tiles. healpy (`z = cos(pi/2 - Dec)`) names the other tile at 29 points of that grid.

use core::f64::consts::FRAC_PI_2;
use core::fmt;
use core::str::FromStr;

use crate::{Error, Result, SkyPos};

/// Resolution of CrowdSky's tiles: 128 along each side of the 12 base pixels, about 0.458 deg per tile.
pub const NSIDE: u32 = 128;
/// Tiles on the whole sky, 12 NSIDE^2.
pub const N_TILES: u32 = 12 * NSIDE * NSIDE;
/// Largest NSIDE taken here (26 arcsec per pixel); further up, `1 - |z|` near the poles runs out of digits.
pub const MAX_NSIDE: u32 = 1 << 13;

/// One tile: its RING pixel number at NSIDE 128, 0 to 196607.
///
/// Tile 0 touches the north pole; the original clients also write `HP000000` for "position unknown". Nothing but the
/// frame itself can tell the two apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HealpixTile(u32);

impl HealpixTile {
    /// Tile 0 in its second meaning: written where the position is not known.
    pub const UNKNOWN: HealpixTile = HealpixTile(0);

    /// The tile of a RING pixel number.
    ///
    /// # Errors
    /// [`Error::Range`] from 196608 on.
    pub fn new(pixel: u32) -> Result<HealpixTile> {
        if pixel < N_TILES {
            Ok(HealpixTile(pixel))
        } else {
            Err(Error::Range {
                what: "HEALPix tile",
                value: f64::from(pixel),
                allowed: "0 to 196607 (NSIDE 128)",
            })
        }
    }

    /// The tile that holds a position.
    ///
    /// ```
    /// use crowdsky_core::{HealpixTile, SkyPos};
    ///
    /// let crab = HealpixTile::from_pos(&SkyPos::new(83.633, 22.014)?);
    /// assert_eq!(crab.to_string(), "HP061302");
    /// # Ok::<(), crowdsky_core::Error>(())
    /// ```
    pub fn from_pos(pos: &SkyPos) -> HealpixTile {
        HealpixTile(ring_pixel(NSIDE, pos) as u32)
    }

    /// RING pixel number at NSIDE 128.
    pub const fn index(self) -> u32 {
        self.0
    }

    /// Centre of the tile.
    pub fn centre(self) -> SkyPos {
        ring_centre(NSIDE, u64::from(self.0))
    }

    /// Tiles whose *centre* lies within `radius_deg` of `pos`, in ascending order.
    ///
    /// Empty when the radius is negative or NaN, or smaller than the way to the next centre. For a search that must
    /// not miss a frame use [`tiles_touching_cone`](Self::tiles_touching_cone).
    pub fn tiles_in_cone(pos: &SkyPos, radius_deg: f64) -> Vec<HealpixTile> {
        let mut tiles = Vec::new();
        // Circles of latitude beyond the cone need no look; the margin covers the rounding of their latitudes.
        let reach = radius_deg + 1e-9;
        for ring in (1..4 * NSIDE).map(|i| Ring::new(NSIDE, i)).filter(|r| (r.dec - pos.dec()).abs() <= reach)
        {
            let step = 360.0 / ring.len as f64;
            let (from, to) = match half_width_deg(pos.dec(), ring.dec, radius_deg) {
                Some(half) if 2.0 * half + 4.0 * step < 360.0 => {
                    // One tile more at either end than the arc holds; the distance below decides.
                    let first = libm::floor((pos.ra() - half - ring.first_ra) / step) as i64 - 1;
                    let last = libm::ceil((pos.ra() + half - ring.first_ra) / step) as i64 + 1;
                    (first, last)
                }
                _ => (0, ring.len as i64 - 1),
            };
            let pixels = (from..=to).map(|k| k.rem_euclid(ring.len as i64) as u64);
            tiles.extend(
                pixels
                    .filter(|&k| ring.centre(k).separation(pos) <= radius_deg)
                    .map(|k| HealpixTile((ring.first + k) as u32)),
            );
        }
        tiles.sort_unstable();
        tiles
    }

    /// Every tile that overlaps the cone, and a few just outside, in ascending order.
    ///
    /// These are the tiles whose centre lies within the radius plus 0.586 deg, the largest distance from a centre to
    /// a corner. Never empty for a radius of 0 or more; empty for a negative radius or NaN.
    pub fn tiles_touching_cone(pos: &SkyPos, radius_deg: f64) -> Vec<HealpixTile> {
        if radius_deg >= 0.0 { Self::tiles_in_cone(pos, radius_deg + CORNER_DEG) } else { Vec::new() }
    }
}

/// Largest distance from a tile's centre to its corner at NSIDE 128, rounded up; the tests hold it against corners.
const CORNER_DEG: f64 = 0.586;

/// `HP` and six digits, as in chunk keys and file names.
impl fmt::Display for HealpixTile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("HP{:06}", self.0))
    }
}

impl FromStr for HealpixTile {
    type Err = Error;

    fn from_str(text: &str) -> Result<HealpixTile> {
        let bytes = text.strip_prefix("HP").unwrap_or_default().as_bytes();
        let pixel = if bytes.len() == 6 { crate::time::digits(bytes, 0, 6) } else { None };
        let pixel = pixel.ok_or_else(|| Error::parse("HEALPix tile", text, "is not HP and six digits"))?;
        HealpixTile::new(pixel)
            .map_err(|_| Error::parse("HEALPix tile", text, "is beyond the last tile, HP196607"))
    }
}

/// RING pixel number of a position at any NSIDE from 1 to 8192 (a power of two or not).
///
/// # Errors
/// [`Error::Range`] for another NSIDE.
pub fn ang2pix_ring(nside: u32, pos: &SkyPos) -> Result<u64> {
    checked_nside(nside)?;
    Ok(ring_pixel(nside, pos))
}

/// Centre of a RING pixel at any NSIDE from 1 to 8192.
///
/// # Errors
/// [`Error::Range`] for another NSIDE, or a pixel from 12 NSIDE^2 on.
pub fn pix2ang_ring(nside: u32, pixel: u64) -> Result<SkyPos> {
    checked_nside(nside)?;
    if pixel >= 12 * u64::from(nside).pow(2) {
        return Err(Error::Range { what: "HEALPix pixel", value: pixel as f64, allowed: "below 12 NSIDE^2" });
    }
    Ok(ring_centre(nside, pixel))
}

fn checked_nside(nside: u32) -> Result<()> {
    if (1..=MAX_NSIDE).contains(&nside) {
        Ok(())
    } else {
        Err(Error::Range { what: "NSIDE", value: f64::from(nside), allowed: "1 to 8192" })
    }
}

/// Gorski et al. 2005, section 5: the two families of lines that bound the pixels are counted (`up`, `down`); their
/// difference gives the ring, their sum the place on it.
fn ring_pixel(nside: u32, pos: &SkyPos) -> u64 {
    let n = i64::from(nside);
    let z = libm::cos((90.0 - pos.dec()).to_radians());
    // Longitude in quarter turns, 0 <= t < 4.
    let t = (pos.ra().to_radians() / FRAC_PI_2).rem_euclid(4.0);
    let height = z.abs();
    let pixel = if height <= 2.0 / 3.0 {
        // Equatorial belt: every ring has 4 n pixels, odd rings are shifted by half of one.
        let lines = nside as f64 * (0.5 + t);
        let slope = nside as f64 * z * 0.75;
        let up = libm::floor(lines - slope) as i64;
        let down = libm::floor(lines + slope) as i64;
        let ring = n + 1 + up - down;
        let shift = 1 - (ring & 1);
        let on_ring = ((up + down - n + shift + 1) >> 1).rem_euclid(4 * n);
        2 * n * (n - 1) + (ring - 1) * 4 * n + on_ring
    } else {
        // Polar caps: ring i from the pole has 4 i pixels.
        let in_quarter = t - libm::floor(t);
        let lines = nside as f64 * libm::sqrt(3.0 * (1.0 - height));
        let up = libm::floor(in_quarter * lines) as i64;
        let down = libm::floor((1.0 - in_quarter) * lines) as i64;
        let ring = up + down + 1;
        let on_ring = (libm::floor(t * ring as f64) as i64).rem_euclid(4 * ring);
        if z > 0.0 { 2 * ring * (ring - 1) + on_ring } else { 12 * n * n - 2 * ring * (ring + 1) + on_ring }
    };
    pixel as u64
}

fn ring_centre(nside: u32, pixel: u64) -> SkyPos {
    let n = u64::from(nside);
    let (cap, total) = (2 * n * (n - 1), 12 * n * n);
    // In a cap, ring i begins at pixel 2 i (i - 1), counted from its pole.
    let cap_ring = |p: u64| (1 + 2 * p).isqrt().div_ceil(2);
    let ring = if pixel < cap {
        cap_ring(pixel)
    } else if pixel < total - cap {
        n + (pixel - cap) / (4 * n)
    } else {
        4 * n - cap_ring(total - 1 - pixel)
    };
    let ring = Ring::new(nside, ring as u32);
    ring.centre(pixel - ring.first)
}

/// One circle of latitude with its pixels: rings 1 to 4 NSIDE - 1 from north to south.
struct Ring {
    /// Number of its first pixel.
    first: u64,
    /// How many pixels it has.
    len: u64,
    /// Declination of their centres, degrees.
    dec: f64,
    /// RA of the first centre, degrees.
    first_ra: f64,
}

impl Ring {
    fn new(nside: u32, ring: u32) -> Ring {
        let (n, i) = (u64::from(nside), u64::from(ring));
        let cap = 2 * n * (n - 1);
        if i < n || i > 3 * n {
            // 1 - |z| = i^2 / 3 n^2 is small at the pole; 2 sin^2(colatitude / 2) keeps its digits.
            let from_pole = if i < n { i } else { 4 * n - i };
            let colatitude = 2.0 * libm::asin(from_pole as f64 / (n as f64 * libm::sqrt(6.0))).to_degrees();
            let before = 2 * from_pole * (from_pole - 1);
            let (first, dec) = if i < n {
                (before, 90.0 - colatitude)
            } else {
                (12 * n * n - before - 4 * from_pole, colatitude - 90.0)
            };
            Ring { first, len: 4 * from_pole, dec, first_ra: 45.0 / from_pole as f64 }
        } else {
            let z = (2.0 * n as f64 - i as f64) * 2.0 / (3.0 * n as f64);
            let shifted = (i - n) % 2 == 0;
            Ring {
                first: cap + (i - n) * 4 * n,
                len: 4 * n,
                dec: libm::asin(z).to_degrees(),
                first_ra: if shifted { 45.0 / n as f64 } else { 0.0 },
            }
        }
    }

    fn centre(&self, k: u64) -> SkyPos {
        let ra = self.first_ra + 360.0 * k as f64 / self.len as f64;
        SkyPos::reduced(ra, self.dec)
    }
}

/// Half the arc of RA, in degrees, that a cone cuts from the circle of latitude `dec`; `None`: all of it, or a circle
/// so near the pole that the arc cannot be told.
fn half_width_deg(cone_dec: f64, dec: f64, radius_deg: f64) -> Option<f64> {
    let (sin0, cos0) = libm::sincos(cone_dec.to_radians());
    let (sin1, cos1) = libm::sincos(dec.to_radians());
    let scale = cos0 * cos1;
    if scale < 1e-9 || radius_deg >= 180.0 {
        return None;
    }
    let cosine = (libm::cos(radius_deg.to_radians()) - sin0 * sin1) / scale;
    (cosine > -1.0).then(|| libm::acos(cosine.min(1.0)).to_degrees())
}
