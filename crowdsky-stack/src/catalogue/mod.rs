//! The stars of the finished stack, in the columns that `sep.extract` gives.

mod columns;
mod islands;
mod measure;
mod sky;

pub use columns::{STAR_COLUMNS, StarColumn, StarValue};

use crate::stack::samples;
use crate::statistics::{median, median_and_spread};
use islands::{filter, label};
use measure::{Field, measure};
use ndarray::Array2;
use sky::PlaneSky;

/// A source of the stack: isophotal measures as SExtractor defines them (Bertin & Arnouts 1996), on the mean of the three
/// planes weighted by their inverse noise variance, above its sky. Units are px and ADU; pixel centres at whole numbers.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct StackStar {
    /// Detection threshold here, ADU.
    pub thresh: f64,
    /// Pixels of the source.
    pub npix: i64,
    /// Of these, above the threshold before filtering.
    pub tnpix: i64,
    /// Leftmost column.
    pub xmin: i64,
    /// Rightmost column.
    pub xmax: i64,
    /// First row.
    pub ymin: i64,
    /// Last row.
    pub ymax: i64,
    /// Barycentre, column.
    pub x: f64,
    /// Barycentre, row.
    pub y: f64,
    /// Second moment along x, px².
    pub x2: f64,
    /// Second moment along y, px².
    pub y2: f64,
    /// Mixed second moment, px².
    pub xy: f64,
    /// Variance of the barycentre's x from the sky's noise, px².
    pub errx2: f64,
    /// Variance of its y, px².
    pub erry2: f64,
    /// Their covariance, px².
    pub errxy: f64,
    /// Semi-major axis (RMS along it), px.
    pub a: f64,
    /// Semi-minor axis, px.
    pub b: f64,
    /// Angle of the major axis, radians from x towards y.
    pub theta: f64,
    /// Ellipse coefficient of x².
    pub cxx: f64,
    /// Ellipse coefficient of y².
    pub cyy: f64,
    /// Ellipse coefficient of xy.
    pub cxy: f64,
    /// Sum of the filtered pixels, ADU.
    pub cflux: f64,
    /// Sum of the pixels, ADU.
    pub flux: f64,
    /// Highest filtered pixel, ADU.
    pub cpeak: f64,
    /// Highest pixel, ADU.
    pub peak: f64,
    /// Column of the highest filtered pixel.
    pub xcpeak: i64,
    /// Row of the highest filtered pixel.
    pub ycpeak: i64,
    /// Column of the highest pixel.
    pub xpeak: i64,
    /// Row of the highest pixel.
    pub ypeak: i64,
    /// 1: split from a neighbour; 2: touches the rim or pixels without data.
    pub flag: i64,
    /// Error of `flux` from the sky's noise, ADU.
    pub fluxerr: f64,
    /// `flux / fluxerr`.
    pub snr: f64,
    /// Full width at half maximum of the Gaussian whose weighted moments the source has, px; NaN if none fits.
    pub fwhm: f64,
    /// Centre weighted by that Gaussian (more precise than the barycentre), column.
    pub xwin: f64,
    /// Centre weighted by that Gaussian, row.
    pub ywin: f64,
    /// Isophotal flux of the red plane, ADU.
    pub flux_r: f64,
    /// Of the green plane.
    pub flux_g: f64,
    /// Of the blue plane.
    pub flux_b: f64,
}

/// Threshold of a stack's own star table, in sigma of the filtered image.
pub(crate) const THRESHOLD: f64 = 5.0;
/// Most sources listed: the brightest of a field that would have more.
const MAX_STARS: usize = 100_000;

/// The planes of a stack, and the frames that cover each pixel.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Picture<'a> {
    pub(crate) planes: [&'a [f32]; 3],
    pub(crate) footprint: &'a [u16],
    pub(crate) width: usize,
    pub(crate) height: usize,
}

/// Finds the stars of a stack that are `sigma` (5 in [`crate::Stack::stars`]) above the noise of its sky, in order of ascending
/// flux: for planes that were worked on after they were stacked. Planes and `footprint` (frames that cover a pixel) have one
/// shape; of any other, and without planes in standard layout, nothing is found.
///
/// ```
/// use crowdsky_stack::find_stars;
/// use ndarray::Array2;
/// let flat = || Array2::from_shape_fn((128, 128), |(y, x)| ((7 * x + 13 * y) % 11) as f32);
/// assert!(find_stars(&[flat(), flat(), flat()], &Array2::from_elem((128, 128), 10), 5.0).is_empty());
/// ```
#[must_use]
pub fn find_stars(planes: &[Array2<f32>; 3], footprint: &Array2<u16>, sigma: f64) -> Vec<StackStar> {
    let (height, width) = footprint.dim();
    let (planes, footprint) = (planes.each_ref().map(samples), samples(footprint));
    if footprint.is_empty() || planes.iter().any(|plane| plane.len() != footprint.len()) {
        return Vec::new();
    }
    stars_of(Picture { planes, footprint, width, height }, sigma)
}

/// The stars of a picture `sigma` above its noise, in order of ascending flux as `sep.extract` and its users have it.
pub(crate) fn stars_of(picture: Picture<'_>, sigma: f64) -> Vec<StackStar> {
    let Picture { width, height, .. } = picture;
    let skies: Vec<PlaneSky> =
        crate::parallel::map(3, |b| PlaneSky::measure(picture.planes[b], width, height));
    let inverse = [0, 1, 2].map(|b| 1.0 / skies[b].noise.max(1e-6).powi(2));
    let total: f32 = inverse.iter().sum();
    let mut image = vec![0.0f32; width * height];
    let rows: Vec<(usize, &mut [f32])> = image.chunks_mut(width).enumerate().collect();
    crate::parallel::map_owned(
        rows,
        || vec![0.0f32; width],
        |sky, (y, out)| {
            for b in 0..3 {
                skies[b].row(y, sky);
                let plane = &picture.planes[b][y * width..(y + 1) * width];
                let weight = inverse[b] / total;
                for ((out, v), sky) in out.iter_mut().zip(plane).zip(&*sky) {
                    *out += weight * (v - sky);
                }
            }
        },
    );
    let filtered = filter(&image, width, height);
    let spread = |values: &[f32]| {
        let mut v: Vec<f64> =
            values.iter().step_by(11).filter(|v| v.is_finite()).map(|&v| f64::from(v)).collect();
        median_and_spread(&mut v).map_or(0.0, |s| s.1)
    };
    let (noise, filtered_noise) = (spread(&image), spread(&filtered));
    if filtered_noise <= 0.0 {
        return Vec::new();
    }
    // Where fewer frames contribute the noise is higher by the root of the ratio.
    let mut counts: Vec<f64> =
        picture.footprint.iter().step_by(101).filter(|&&n| n > 0).map(|&n| f64::from(n)).collect();
    let usual = median(&mut counts).unwrap_or(1.0);
    let loss: Vec<f32> = (0..=picture.footprint.iter().copied().max().unwrap_or(0))
        .map(|n| (usual / f64::from(n.max(1))).sqrt().max(1.0) as f32)
        .collect();
    let threshold = (sigma * filtered_noise) as f32;
    let cut = |at: usize| threshold * loss[usize::from(picture.footprint[at])];

    let islands = label(&filtered, width, cut, threshold);
    let field = Field { image: &image, filtered: &filtered, skies: &skies, picture };
    let mut stars: Vec<StackStar> = crate::parallel::map(islands.len(), |i| {
        let first = islands[i].pixels[0] as usize;
        let loss = f64::from(loss[usize::from(picture.footprint[first])]);
        measure(&field, &islands[i], f64::from(cut(first)), noise * loss)
    })
    .into_iter()
    .flatten()
    .collect();
    stars.sort_by(|a, b| a.flux.total_cmp(&b.flux).then(a.y.total_cmp(&b.y)).then(a.x.total_cmp(&b.x)));
    stars.drain(..stars.len().saturating_sub(MAX_STARS));
    stars
}

/// Median FWHM of the clear stars (S/N above 20, whole, not split), or of all if there are fewer than 5; px.
pub(crate) fn typical_fwhm(stars: &[StackStar]) -> Option<f64> {
    let widths = |clear: bool| {
        stars
            .iter()
            .filter(|s| s.fwhm.is_finite() && (!clear || (s.snr > 20.0 && s.flag == 0)))
            .map(|s| s.fwhm)
            .collect::<Vec<_>>()
    };
    let mut w = widths(true);
    if w.len() < 5 {
        w = widths(false);
    }
    median(&mut w)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two stars 9 px apart, one alone, one at the rim, on a coloured sky with noise.
    fn scene() -> ([Array2<f32>; 3], Array2<u16>) {
        let (width, height) = (160, 130);
        let stars = [(40.3, 50.6, 4000.0), (49.3, 50.6, 3000.0), (110.7, 80.2, 1500.0), (0.5, 100.0, 5000.0)];
        let mut random = crate::matching::tests::random(3);
        let planes = [400.0, 900.0, 300.0].map(|sky| {
            Array2::from_shape_fn((height, width), |(y, x)| {
                let (x, y) = (x as f64, y as f64);
                let light: f64 = stars
                    .iter()
                    .map(|s| s.2 * (-0.5 * ((x - s.0).powi(2) + (y - s.1).powi(2)) / 1.44f64).exp())
                    .sum();
                (sky + light + 5.0 * ((0..12).map(|_| random()).sum::<f64>() - 6.0)) as f32
            })
        });
        (planes, Array2::from_elem((height, width), 10))
    }

    #[test]
    fn stars_are_found_split_and_measured() {
        let (planes, footprint) = scene();
        let stars = find_stars(&planes, &footprint, THRESHOLD);
        assert_eq!(stars.len(), 4, "{stars:?}");
        assert!(stars.is_sorted_by(|a, b| a.flux <= b.flux));
        let near = |x: f64, y: f64| {
            stars
                .iter()
                .find(|s| (s.xwin - x).hypot(s.ywin - y) < 0.1)
                .unwrap_or_else(|| panic!("no star at {x}, {y}: {stars:?}"))
        };
        let alone = near(110.7, 80.2);
        assert_eq!(alone.flag, 0);
        assert!((alone.fwhm - 1.2 * 2.3548).abs() < 0.1, "{alone:?}");
        // 2 pi sigma² A, less what lies below the isophote.
        let truth = 2.0 * std::f64::consts::PI * 1.44 * 1500.0;
        assert!((0.9..1.02).contains(&(alone.flux / truth)), "{alone:?}");
        assert!((alone.flux_g / alone.flux - 1.0).abs() < 0.03);
        assert_eq!((near(40.3, 50.6).flag, near(49.3, 50.6).flag), (1, 1));
        let rim = stars.iter().find(|s| s.xmin == 0).expect("the star at the rim");
        assert_eq!(rim.flag & 2, 2);
        assert!((typical_fwhm(&stars).expect("stars") - 2.83).abs() < 0.2);
    }

    #[test]
    fn planes_without_data_have_no_stars() {
        let empty = || Array2::from_elem((64, 64), f32::NAN);
        assert!(find_stars(&[empty(), empty(), empty()], &Array2::zeros((64, 64)), THRESHOLD).is_empty());
    }

    #[test]
    fn a_higher_threshold_leaves_only_bright_ones() {
        let (planes, footprint) = scene();
        let clear = find_stars(&planes, &footprint, 1500.0);
        // Filtered, their peaks are 1,056 to 3,913 ADU, and the threshold is at 1,654.
        assert!((1..4).contains(&clear.len()) && clear.iter().all(|s| s.cpeak > 1500.0), "{clear:?}");
        assert!(find_stars(&planes, &Array2::zeros((3, 3)), THRESHOLD).is_empty(), "another shape");
    }
}
