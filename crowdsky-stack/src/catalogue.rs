//! The stars of the finished stack, in the columns that `sep.extract` gives.

use crate::background::median_3x3;
use crate::combine::Combined;
use crate::statistics::{median, median_and_spread};

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

/// Threshold in sigma of the filtered image, and fewest pixels above it.
const THRESHOLD: f64 = 5.0;
const MIN_PIXELS: usize = 5;
/// Side of a sky cell, px.
const CELL: usize = 64;
/// Two peaks in one island are two stars if the lower stands this far above the saddle, in thresholds, ...
const SADDLE: f32 = 0.6;
/// ... and this share of its own height: noise on a bright star's slope does not.
const SADDLE_SHARE: f32 = 0.1;
/// Most sources listed: the brightest of a field that would have more.
const MAX_STARS: usize = 100_000;

/// Finds the stars of `stack` (`size` = columns, rows), in order of ascending flux as `sep.extract` and its users have it.
pub(crate) fn find_stars(stack: &Combined, size: (usize, usize)) -> Vec<StackStar> {
    let (width, height) = size;
    let skies: Vec<PlaneSky> =
        crate::parallel::map(3, |b| PlaneSky::measure(&stack.planes[b], width, height));
    let inverse = [0, 1, 2].map(|b| 1.0 / skies[b].noise.max(1e-6).powi(2));
    let total: f32 = inverse.iter().sum();
    let rows = crate::parallel::map(height, |y| {
        (0..width)
            .map(|x| {
                let at = y * width + x;
                (0..3).map(|b| inverse[b] * (stack.planes[b][at] - skies[b].at(x, y))).sum::<f32>() / total
            })
            .collect::<Vec<f32>>()
    });
    let image: Vec<f32> = rows.concat();
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
        stack.footprint.iter().step_by(101).filter(|&&n| n > 0).map(|&n| f64::from(n)).collect();
    let usual = median(&mut counts).unwrap_or(1.0);
    let loss: Vec<f32> = (0..=stack.footprint.iter().copied().max().unwrap_or(0))
        .map(|n| (usual / f64::from(n.max(1))).sqrt().max(1.0) as f32)
        .collect();
    let threshold = (THRESHOLD * filtered_noise) as f32;
    let cut = |at: usize| threshold * loss[usize::from(stack.footprint[at])];

    let islands = label(&filtered, width, &cut, threshold);
    let field = Field { image: &image, filtered: &filtered, skies: &skies, stack, width, height };
    let mut stars: Vec<StackStar> = crate::parallel::map(islands.len(), |i| {
        let first = islands[i].pixels[0] as usize;
        let loss = f64::from(loss[usize::from(stack.footprint[first])]);
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

/// Sky level of a plane on a mesh, bilinear between cells, and its noise.
struct PlaneSky {
    columns: usize,
    rows: usize,
    width: usize,
    height: usize,
    levels: Vec<f32>,
    noise: f32,
}

impl PlaneSky {
    fn measure(plane: &[f32], width: usize, height: usize) -> PlaneSky {
        let (columns, rows) = (width.div_ceil(CELL), height.div_ceil(CELL));
        let mut cells: Vec<Option<(f64, f64)>> = Vec::with_capacity(columns * rows);
        let mut values: Vec<f64> = Vec::new();
        for j in 0..rows {
            for i in 0..columns {
                values.clear();
                for y in (j * CELL..((j + 1) * CELL).min(height)).step_by(2) {
                    let row = &plane[y * width + i * CELL..y * width + ((i + 1) * CELL).min(width)];
                    values.extend(row.iter().step_by(2).filter(|v| v.is_finite()).map(|&v| f64::from(v)));
                }
                // A cell that is mostly rim tells nothing.
                let enough = values.len() >= 64;
                cells.push(if enough { median_and_spread(&mut values) } else { None });
            }
        }
        let mut levels: Vec<f64> = cells.iter().flatten().map(|c| c.0).collect();
        let mut spreads: Vec<f64> = cells.iter().flatten().map(|c| c.1).collect();
        let usual = median(&mut levels).unwrap_or(0.0);
        let noise = median(&mut spreads).unwrap_or(1.0) as f32;
        let known: Vec<f32> = cells.iter().map(|c| c.map_or(usual, |c| c.0) as f32).collect();
        // So that a bright star's halo does not lift its own cell.
        let smooth = median_3x3(&known, columns, rows);
        PlaneSky { columns, rows, width, height, levels: smooth, noise }
    }

    fn at(&self, x: usize, y: usize) -> f32 {
        let place = |i: usize, cells: usize, side: usize| {
            let last = (side.min(cells * CELL) - 1) as f32;
            let u = ((i as f32).min(last) / CELL as f32 - 0.5).clamp(0.0, (cells - 1) as f32);
            (u as usize, u.fract())
        };
        let ((i, fx), (j, fy)) = (place(x, self.columns, self.width), place(y, self.rows, self.height));
        let level =
            |i: usize, j: usize| self.levels[j.min(self.rows - 1) * self.columns + i.min(self.columns - 1)];
        let (a, b) = (
            level(i, j) * (1.0 - fx) + level(i + 1, j) * fx,
            level(i, j + 1) * (1.0 - fx) + level(i + 1, j + 1) * fx,
        );
        a + (b - a) * fy
    }
}

/// The 3 x 3 filter 1 2 1, 2 4 2, 1 2 1 over 16; NaN stays where the pixel itself has no data, and counts as sky beside it.
fn filter(image: &[f32], width: usize, height: usize) -> Vec<f32> {
    let row = |y: usize| &image[y * width..(y + 1) * width];
    let rows = crate::parallel::map(height, |y| {
        let (above, here, below) = (row(y.saturating_sub(1)), row(y), row((y + 1).min(height - 1)));
        let down: Vec<f32> = (0..width)
            .map(|x| {
                let known = |v: f32| if v.is_finite() { v } else { 0.0 };
                0.25 * (known(above[x]) + known(below[x])) + 0.5 * known(here[x])
            })
            .collect();
        (0..width)
            .map(|x| {
                if here[x].is_finite() {
                    0.25 * (down[x.saturating_sub(1)] + down[(x + 1).min(width - 1)]) + 0.5 * down[x]
                } else {
                    f32::NAN
                }
            })
            .collect::<Vec<f32>>()
    });
    rows.concat()
}

/// The pixels of one source.
struct Island {
    pixels: Vec<u32>,
    split: bool,
}

/// Connected pixels above the threshold, split at saddles: pixels join in order of falling height, each to the basin of its
/// neighbours; where two basins meet, the lower one joins the higher unless it stands clear of the saddle.
fn label(image: &[f32], width: usize, cut: &dyn Fn(usize) -> f32, threshold: f32) -> Vec<Island> {
    let height = image.len() / width;
    let mut order: Vec<u32> = (0..image.len()).filter(|&i| image[i] > cut(i)).map(|i| i as u32).collect();
    order.sort_unstable_by(|&a, &b| image[b as usize].total_cmp(&image[a as usize]).then(a.cmp(&b)));
    const NONE: u32 = u32::MAX;
    let mut basin_of = vec![NONE; image.len()];
    // By basin: the basin it joined (itself if none), its peak, and whether it touches another that it did not join.
    let mut parent: Vec<u32> = Vec::new();
    let mut peak: Vec<f32> = Vec::new();
    let mut split: Vec<bool> = Vec::new();
    fn root(parent: &mut [u32], mut i: u32) -> u32 {
        while parent[i as usize] != i {
            parent[i as usize] = parent[parent[i as usize] as usize];
            i = parent[i as usize];
        }
        i
    }
    for &p in &order {
        let (x, y) = (p as usize % width, p as usize / width);
        let value = image[p as usize];
        let mut home = NONE;
        for v in y.saturating_sub(1)..(y + 2).min(height) {
            for u in x.saturating_sub(1)..(x + 2).min(width) {
                let b = basin_of[v * width + u];
                if b == NONE {
                    continue;
                }
                let b = root(&mut parent, b);
                if home == NONE || home == b {
                    home = b;
                    continue;
                }
                let (high, low) = if peak[b as usize] > peak[home as usize] { (b, home) } else { (home, b) };
                let rise = peak[low as usize] - value;
                if rise > SADDLE * threshold && rise > SADDLE_SHARE * peak[low as usize] {
                    split[high as usize] = true;
                    split[low as usize] = true;
                } else {
                    parent[low as usize] = high;
                    split[high as usize] |= split[low as usize];
                }
                home = high;
            }
        }
        if home == NONE {
            home = parent.len() as u32;
            parent.push(home);
            peak.push(value);
            split.push(false);
        }
        basin_of[p as usize] = home;
    }
    let mut islands: Vec<Island> = split.iter().map(|&split| Island { pixels: Vec::new(), split }).collect();
    for &p in &order {
        let r = root(&mut parent, basin_of[p as usize]);
        islands[r as usize].pixels.push(p);
    }
    islands.retain(|i| i.pixels.len() >= MIN_PIXELS);
    islands
}

struct Field<'a> {
    image: &'a [f32],
    filtered: &'a [f32],
    skies: &'a [PlaneSky],
    stack: &'a Combined,
    width: usize,
    height: usize,
}

/// Isophotal measures of one island (its first pixel is its filtered peak); `None` without positive flux.
fn measure(field: &Field<'_>, island: &Island, threshold: f64, noise: f64) -> Option<StackStar> {
    let mut s = StackStar { thresh: threshold, npix: island.pixels.len() as i64, ..StackStar::default() };
    (s.xmin, s.ymin, s.xmax, s.ymax) = (i64::MAX, i64::MAX, 0, 0);
    s.peak = f64::NEG_INFINITY;
    let peak = island.pixels[0] as usize;
    (s.xcpeak, s.ycpeak, s.cpeak) =
        ((peak % field.width) as i64, (peak / field.width) as i64, f64::from(field.filtered[peak]));
    let (ox, oy) = (s.xcpeak as f64, s.ycpeak as f64);
    let mut m = [0.0f64; 6];
    let mut bands = [0.0f64; 3];
    for &p in &island.pixels {
        let p = p as usize;
        let (x, y) = (p % field.width, p / field.width);
        let (value, smooth) = (f64::from(field.image[p]), f64::from(field.filtered[p]));
        let (dx, dy) = (x as f64 - ox, y as f64 - oy);
        (s.xmin, s.xmax) = (s.xmin.min(x as i64), s.xmax.max(x as i64));
        (s.ymin, s.ymax) = (s.ymin.min(y as i64), s.ymax.max(y as i64));
        s.cflux += smooth;
        s.flux += value;
        s.tnpix += i64::from(value > threshold);
        if value > s.peak {
            (s.peak, s.xpeak, s.ypeak) = (value, x as i64, y as i64);
        }
        for (sum, term) in m.iter_mut().zip([1.0, dx, dy, dx * dx, dy * dy, dx * dy]) {
            *sum += smooth * term;
        }
        for (b, sum) in bands.iter_mut().enumerate() {
            *sum += f64::from(field.stack.planes[b][p] - field.skies[b].at(x, y));
        }
    }
    if !(m[0] > 0.0 && s.flux > 0.0 && s.flux.is_finite()) {
        return None;
    }
    let [mx, my] = [m[1] / m[0], m[2] / m[0]];
    (s.x, s.y) = (ox + mx, oy + my);
    s.x2 = m[3] / m[0] - mx * mx;
    s.y2 = m[4] / m[0] - my * my;
    s.xy = m[5] / m[0] - mx * my;
    // A source of one row or column is as wide as a pixel: 1/12 px², as SExtractor adds.
    if s.x2 * s.y2 - s.xy * s.xy < 1.0 / 144.0 {
        s.x2 += 1.0 / 12.0;
        s.y2 += 1.0 / 12.0;
    }
    let mut errors = [0.0f64; 3];
    for &p in &island.pixels {
        let (dx, dy) = ((p as usize % field.width) as f64 - s.x, (p as usize / field.width) as f64 - s.y);
        for (sum, term) in errors.iter_mut().zip([dx * dx, dy * dy, dx * dy]) {
            *sum += noise * noise * term;
        }
    }
    [s.errx2, s.erry2, s.errxy] = errors.map(|e| e / (m[0] * m[0]));
    ellipse(&mut s);
    s.fluxerr = noise * (island.pixels.len() as f64).sqrt();
    s.snr = s.flux / s.fluxerr;
    [s.flux_r, s.flux_g, s.flux_b] = bands;
    let rim =
        s.xmin == 0 || s.ymin == 0 || s.xmax + 1 == field.width as i64 || s.ymax + 1 == field.height as i64;
    let holes = (s.ymin.max(1) - 1..(s.ymax + 2).min(field.height as i64)).any(|y| {
        (s.xmin.max(1) - 1..(s.xmax + 2).min(field.width as i64))
            .any(|x| !field.image[y as usize * field.width + x as usize].is_finite())
    });
    s.flag = i64::from(island.split) + 2 * i64::from(rim || holes);
    (s.xwin, s.ywin, s.fwhm) = windowed(field, s.x, s.y);
    Some(s)
}

/// Axes and coefficients of the ellipse with the source's second moments.
fn ellipse(s: &mut StackStar) {
    let (sum, difference) = (0.5 * (s.x2 + s.y2), 0.5 * (s.x2 - s.y2));
    let root = difference.hypot(s.xy);
    s.a = (sum + root).max(0.0).sqrt();
    s.b = (sum - root).max(0.0).sqrt();
    s.theta = 0.5 * (2.0 * s.xy).atan2(s.x2 - s.y2);
    let determinant = s.x2 * s.y2 - s.xy * s.xy;
    if determinant > 0.0 {
        (s.cxx, s.cyy, s.cxy) = (s.y2 / determinant, s.x2 / determinant, -2.0 * s.xy / determinant);
    }
}

/// Centre and FWHM by adaptive moments: the Gaussian weight takes the width that it measures (for a Gaussian star the
/// weighted second moment is half its own). NaN where that does not settle.
fn windowed(field: &Field<'_>, x: f64, y: f64) -> (f64, f64, f64) {
    let (mut cx, mut cy, mut sigma) = (x, y, 1.4f64);
    for _ in 0..25 {
        let reach = (4.0 * sigma).ceil().clamp(4.0, 30.0) as i64;
        let (ix, iy) = (cx.round() as i64, cy.round() as i64);
        let (mut w0, mut wx, mut wy, mut w2) = (0.0, 0.0, 0.0, 0.0);
        for v in (iy - reach).max(0)..=(iy + reach).min(field.height as i64 - 1) {
            for u in (ix - reach).max(0)..=(ix + reach).min(field.width as i64 - 1) {
                let value = f64::from(field.image[v as usize * field.width + u as usize]);
                let (dx, dy) = (u as f64 - cx, v as f64 - cy);
                let r2 = dx * dx + dy * dy;
                if value.is_finite() && r2 <= (reach * reach) as f64 {
                    let w = value * (-0.5 * r2 / (sigma * sigma)).exp();
                    w0 += w;
                    wx += w * dx;
                    wy += w * dy;
                    w2 += w * r2;
                }
            }
        }
        if !(w0 > 0.0 && w2 > 0.0) {
            return (x, y, f64::NAN);
        }
        let (dx, dy) = (2.0 * wx / w0, 2.0 * wy / w0);
        let next = (w2 / w0).sqrt().clamp(0.4, 10.0);
        let settled = dx.hypot(dy) < 1e-4 && (next - sigma).abs() < 1e-4;
        (cx, cy, sigma) = (cx + dx.clamp(-0.5, 0.5), cy + dy.clamp(-0.5, 0.5), next);
        if (cx - x).hypot(cy - y) > 3.0 {
            return (x, y, f64::NAN);
        }
        if settled {
            break;
        }
    }
    let fwhm = sigma * crate::centroid::FWHM_PER_SIGMA;
    // At the bounds it did not settle on a star.
    if (0.41..9.9).contains(&sigma) { (cx, cy, fwhm) } else { (x, y, f64::NAN) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two stars 9 px apart, one alone, one at the rim, on a coloured sky with noise.
    fn scene() -> (Combined, (usize, usize)) {
        let (width, height) = (160, 130);
        let stars = [(40.3, 50.6, 4000.0), (49.3, 50.6, 3000.0), (110.7, 80.2, 1500.0), (0.5, 100.0, 5000.0)];
        let mut random = crate::matching::tests::random(3);
        let planes = [400.0, 900.0, 300.0].map(|sky| {
            (0..width * height)
                .map(|i| {
                    let (x, y) = ((i % width) as f64, (i / width) as f64);
                    let light: f64 = stars
                        .iter()
                        .map(|s| s.2 * (-0.5 * ((x - s.0).powi(2) + (y - s.1).powi(2)) / 1.44f64).exp())
                        .sum();
                    (sky + light + 5.0 * ((0..12).map(|_| random()).sum::<f64>() - 6.0)) as f32
                })
                .collect()
        });
        let n = width * height;
        (Combined { planes, footprint: vec![10; n], rejected: vec![0; n], counts: vec![] }, (width, height))
    }

    #[test]
    fn stars_are_found_split_and_measured() {
        let (stack, size) = scene();
        let stars = find_stars(&stack, size);
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
        let n = 64 * 64;
        let empty = Combined {
            planes: std::array::from_fn(|_| vec![f32::NAN; n]),
            footprint: vec![0; n],
            rejected: vec![0; n],
            counts: vec![],
        };
        assert!(find_stars(&empty, (64, 64)).is_empty());
    }
}
