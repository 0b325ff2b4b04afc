//! Is the stack what the simulator says it should be?

use crate::support::{median, night, options, registration_error, stacked};
use crowdsky_sim::{BayerPattern, Night};
use crowdsky_stack::Stack;

/// Mean of a plane in a box, without NaN.
fn mean(stack: &Stack, band: usize, xs: std::ops::Range<usize>, ys: std::ops::Range<usize>) -> f64 {
    let values: Vec<f64> = ys
        .flat_map(|y| xs.clone().map(move |x| (y, x)))
        .map(|at| f64::from(stack.planes[band][at]))
        .filter(|v| v.is_finite())
        .collect();
    values.iter().sum::<f64>() / values.len() as f64
}

fn worst_registration(night: &Night, stack: &Stack) -> f64 {
    (0..night.frame_count())
        .filter(|&k| stack.report.frames[k].accepted)
        .map(|k| registration_error(night, stack, k))
        .fold(0.0, f64::max)
}

#[test]
fn transforms_are_right_for_every_bayer_pattern() {
    for pattern in [BayerPattern::Rggb, BayerPattern::Bggr, BayerPattern::Grbg, BayerPattern::Gbrg] {
        let n = night(options().bayer(pattern).frames(6));
        let s = stacked(&n);
        assert_eq!(s.report.n_accepted, 6, "{pattern:?}");
        let worst = worst_registration(&n, &s);
        assert!(worst < 0.03, "{pattern:?}: {worst} px");
    }
}

#[test]
fn strong_rotation_a_meridian_flip_and_dithers_are_followed() {
    for (what, o) in [
        ("rotation", options().rotation(25.0)),
        ("flip", options().meridian_flip(true)),
        ("dither", options().dither(60.0)),
        ("nothing moves", options().rotation(0.0).drift(0.0)),
    ] {
        let n = night(o);
        let s = stacked(&n);
        assert_eq!(s.report.n_accepted, 12, "{what}");
        let worst = worst_registration(&n, &s);
        assert!(worst < 0.03, "{what}: {worst} px");
    }
}

#[test]
fn star_fluxes_colours_and_places_are_the_catalogues() {
    let n = night(options().stars(2000).cloudy(0.0).trails(0.0));
    let s = stacked(&n);
    let reference = s.report.frames.iter().position(|f| f.reference).expect("a reference");
    let truth = n.truth();
    let (mut ratio, mut red, mut off) = (Vec::new(), Vec::new(), Vec::new());
    for star in truth.stars.iter().filter(|s| s.flux[1] > 5000.0 && s.flux[1] < 1e5) {
        let Some([x, y]) = truth.position(reference, star) else { continue };
        let found = s.stars.iter().find(|f| f.flag == 0 && (f.xwin - x).hypot(f.ywin - y) < 0.5);
        if let Some(f) = found {
            ratio.push(f.flux_g / star.flux[1]);
            red.push((f.flux_r / f.flux_g) / (star.flux[0] / star.flux[1]));
            off.push((f.xwin - x).hypot(f.ywin - y));
        }
    }
    assert!(ratio.len() > 15, "only {} stars matched", ratio.len());
    let (ratio, red, off) = (median(ratio), median(red), median(off));
    // What lies below the isophote and the transparency of the median frame are missing: a few percent.
    assert!((0.88..1.04).contains(&ratio), "flux ratio {ratio}");
    assert!((red - 1.0).abs() < 0.02, "red over green {red}");
    assert!(off < 0.05, "{off} px");
}

#[test]
fn trails_hot_pixels_and_cosmic_rays_leave_nothing() {
    let clean = night(options().frames(16).trails(0.0).cloudy(0.0).hot_pixels(0).cosmic_rays(0.0));
    let dirty = night(options().frames(16).trails(0.4).cloudy(0.2).hot_pixels(120).cosmic_rays(4.0));
    assert!(dirty.truth().frames.iter().filter(|f| f.trail.is_some()).count() >= 2, "the seed gives trails");
    let (a, b) = (stacked(&clean), stacked(&dirty));
    assert!(b.report.n_defects >= 110, "{} of 120 hot pixels found", b.report.n_defects);
    assert!(a.report.n_defects <= 2, "{} defects in a clean sensor", a.report.n_defects);
    // Difference of the two stacks: the same sky, so its spread is noise and its outliers are what was left.
    let difference: Vec<f64> = a.planes[1]
        .iter()
        .zip(&b.planes[1])
        .map(|(a, b)| f64::from(b - a))
        .filter(|v| v.is_finite())
        .collect();
    let centre = median(difference.clone());
    let spread = 1.4826 * median(difference.iter().map(|v| (v - centre).abs()).collect());
    let high = difference.iter().filter(|v| **v - centre > 6.0 * spread).count();
    let low = difference.iter().filter(|v| **v - centre < -6.0 * spread).count();
    // Star cores differ with the seeing of other noise, up and down alike; what trails leave is up only.
    assert!(high < low + 150, "{high} pixels too high, {low} too low, of {}", difference.len());
}

#[test]
fn edges_have_the_level_of_the_middle() {
    let n = night(options().rotation(8.0).sky_gradient([[0.0; 2]; 3]).trails(0.0).stars(60));
    let s = stacked(&n);
    let (rows, columns) = s.planes[0].dim();
    for band in 0..3 {
        let middle = mean(&s, band, columns / 2 - 60..columns / 2 + 60, rows / 2 - 60..rows / 2 + 60);
        for (xs, ys) in [
            (4..24, 4..24),
            (columns - 24..columns - 4, 4..24),
            (4..24, rows - 24..rows - 4),
            (columns - 24..columns - 4, rows - 24..rows - 4),
        ] {
            let corner = mean(&s, band, xs.clone(), ys.clone());
            assert!(
                (corner - middle).abs() < 4.0,
                "band {band}, corner {xs:?} {ys:?}: {corner}, middle {middle}"
            );
        }
    }
    assert!(s.footprint.iter().any(|&f| f < 6), "the corners are covered by few frames");
}

#[test]
fn noise_falls_as_it_should() {
    let n = night(options().frames(16).cloudy(0.0).trails(0.0).stars(60));
    let s = stacked(&n);
    // 8 x 8 block means in the middle take interpolation's correlations out.
    let (rows, columns) = s.planes[1].dim();
    let mut blocks = Vec::new();
    for y in (rows / 4..3 * rows / 4).step_by(8) {
        for x in (columns / 4..3 * columns / 4).step_by(8) {
            blocks.push(mean(&s, 1, x..x + 8, y..y + 8));
        }
    }
    let step: Vec<f64> = blocks.windows(2).map(|b| (b[1] - b[0]).abs()).collect();
    let noise = 8.0 * 1.4826 * median(step) / 2f64.sqrt();
    let sky = n.truth().frames.iter().map(|f| f.sky).sum::<f64>() / 16.0;
    let o = &n.truth().options;
    // Green has every second photosite: variance 2 / N of one's.
    let ideal =
        ((sky * o.sky_colour[1] / o.electrons_per_adu + (o.read_noise / o.electrons_per_adu).powi(2)) * 2.0
            / 16.0)
            .sqrt();
    // Steps between neighbours, not a fit: good to 4 %. Eight samples a pixel at irregular places cost some more.
    assert!((0.85..1.2).contains(&(noise / ideal)), "noise {noise}, ideal {ideal}");
}
