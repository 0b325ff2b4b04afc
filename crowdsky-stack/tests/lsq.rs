//! What the least-squares method promises: honest variances, and samples judged by the sky's own changes.

use crate::support::{frame, frames, median, night, options};
use crowdsky_sim::Night;
use crowdsky_stack::{MemoryFrames, Method, Mosaic, Stack, StackOptions, stack};

fn lsq(frames: &MemoryFrames) -> Stack {
    stack(frames, &StackOptions::default().method(Method::Lsq), &()).expect("a clear night stacks")
}

/// The night's frames with `light(k, x, y)` (reference pixels) added to each, integrated over nothing: a value per photosite.
fn with_light(night: &Night, light: impl Fn(usize, f64, f64) -> f64) -> MemoryFrames {
    let mut all = MemoryFrames::default();
    for k in 0..night.frame_count() {
        let (name, meta, mosaic) = frame(night, k);
        let t = night.transform_to_reference(k).expect("a frame of the night");
        let mut pixels = mosaic.pixels().to_vec();
        for (i, p) in pixels.iter_mut().enumerate() {
            let (u, v) = ((i % mosaic.width()) as f64, (i / mosaic.width()) as f64);
            let place = |r: [f64; 3]| r[0] * u + r[1] * v + r[2];
            let add = light(k, place(t[0]), place(t[1]));
            *p = (f64::from(*p) + add).round().clamp(0.0, 65535.0) as u16;
        }
        let mosaic =
            Mosaic::new(mosaic.width(), mosaic.height(), mosaic.pattern(), pixels).expect("the same shape");
        all.push(name, meta, mosaic);
    }
    all
}

fn star(x: f64, y: f64, at: (f64, f64), peak: f64) -> f64 {
    let r2 = (x - at.0).powi(2) + (y - at.1).powi(2);
    if r2 < 100.0 { peak * (-0.5 * r2 / 1.44).exp() } else { 0.0 }
}

/// Sum of a plane within `radius` of a pixel, less the median of a ring around it.
fn aperture(s: &Stack, band: usize, at: (f64, f64), radius: f64) -> f64 {
    let (mut inside, mut ring) = (Vec::new(), Vec::new());
    for y in (at.1 - 16.0) as usize..=(at.1 + 16.0) as usize {
        for x in (at.0 - 16.0) as usize..=(at.0 + 16.0) as usize {
            let r = (x as f64 - at.0).hypot(y as f64 - at.1);
            let v = f64::from(s.planes[band][(y, x)]);
            if r <= radius {
                inside.push(v);
            } else if r > 10.0 {
                ring.push(v);
            }
        }
    }
    let sky = median(ring);
    inside.iter().map(|v| v - sky).sum()
}

/// A place at least 40 px from every star brighter than `flux`.
fn lonely(night: &Night, flux: f64) -> (f64, f64) {
    let reference = night.frame_count() / 2;
    let truth = night.truth();
    let stars: Vec<[f64; 2]> = truth
        .stars
        .iter()
        .filter(|s| s.flux[1] > flux)
        .filter_map(|s| truth.position(reference, s))
        .collect();
    (0..400)
        .map(|i| (150.0 + 9.0 * f64::from(i % 20) + 0.3, 200.0 + 11.0 * f64::from(i / 20) + 0.6))
        .find(|p| stars.iter().all(|s| (s[0] - p.0).hypot(s[1] - p.1) > 40.0))
        .expect("an empty place")
}

#[test]
fn variances_are_what_the_sky_shows() {
    for (frame_count, rotation) in [(10, 2.5), (40, 2.5), (40, 10.0)] {
        let n = night(
            options()
                .frames(frame_count)
                .rotation(rotation)
                .stars(90)
                .trails(0.0)
                .cloudy(0.0)
                .sky_gradient([[0.0; 2]; 3]),
        );
        let s = lsq(&frames(&n));
        let noise = s.noise.as_ref().expect("lsq tells the noise");
        let stars: Vec<[f64; 2]> =
            n.truth().stars.iter().filter_map(|t| n.truth().position(frame_count / 2, t)).collect();
        let (rows, columns) = s.footprint.dim();
        let free = |x: usize, y: usize, r: f64| {
            stars.iter().all(|s| (s[0] - x as f64).hypot(s[1] - y as f64) > 12.0 + r)
        };
        for band in 0..3 {
            let plane = &s.planes[band];
            let (mut pixels, mut discs) = (Vec::new(), Vec::new());
            for y in (20..rows - 20).step_by(7) {
                for x in (20..columns - 20).step_by(7) {
                    if s.footprint[(y, x)] < frame_count as u16 || !free(x, y, 14.0) {
                        continue;
                    }
                    let near = |r0: usize, r1: usize| {
                        (y - 14..=y + 14).flat_map(move |v| (x - 14..=x + 14).map(move |u| (v, u))).filter(
                            move |&(v, u)| {
                                (r0 * r0..=r1 * r1).contains(&(u.abs_diff(x).pow(2) + v.abs_diff(y).pow(2)))
                            },
                        )
                    };
                    // The sky's own slow changes are no noise.
                    let ring = near(8, 14);
                    let level = ring.clone().map(|p| f64::from(plane[p])).sum::<f64>() / ring.count() as f64;
                    pixels.push(
                        (f64::from(plane[(y, x)]) - level) / f64::from(noise.variance[band][(y, x)]).sqrt(),
                    );
                    let (sum, variance) = near(0, 3).fold((0.0, 0.0), |(s, v), p| {
                        (s + f64::from(plane[p]) - level, v + f64::from(noise.variance[band][p]))
                    });
                    discs.push(sum / (variance * noise.covariance[band][2]).sqrt());
                }
            }
            assert!(pixels.len() > 800, "{} places", pixels.len());
            let spread = |v: Vec<f64>| {
                let m = median(v.clone());
                1.4826 * median(v.iter().map(|x| (x - m).abs()).collect())
            };
            let (pixel, disc) = (spread(pixels), spread(discs));
            // Of 2,000 places a spread is good to 2.6 %.
            assert!((0.93..1.07).contains(&pixel), "band {band}, {frame_count} frames: pixels {pixel}");
            assert!((0.90..1.10).contains(&disc), "band {band}, {frame_count} frames: discs {disc}");
        }
    }
}

#[test]
fn a_variable_star_has_the_mean_of_its_light() {
    let n = night(options().frames(20).trails(0.0).cloudy(0.0));
    let at = lonely(&n, 2000.0);
    // Alternating: the sky moves over the photosites, and a star that brightens once would be bright on some of them only.
    let steady = lsq(&with_light(&n, |_, x, y| star(x, y, at, 1500.0)));
    let eclipsed = lsq(&with_light(&n, |k, x, y| star(x, y, at, if k % 2 == 0 { 1000.0 } else { 2000.0 })));
    let (a, b) = (aperture(&steady, 1, at, 6.0), aperture(&eclipsed, 1, at, 6.0));
    assert!((b / a - 1.0).abs() < 0.03, "steady {a}, variable {b}");
}

#[test]
fn a_cosmic_ray_in_a_bright_core_is_found() {
    let n = night(options().frames(30).trails(0.0).cloudy(0.0));
    let at = lonely(&n, 2000.0);
    let light = |x: f64, y: f64| star(x, y, at, 12_000.0);
    let hit = |k: usize, x: f64, y: f64| k == 11 && (x - at.0 - 0.4).abs() < 1.0 && (y - at.1).abs() < 1.0;
    let clean = lsq(&with_light(&n, |_, x, y| light(x, y)));
    let struck = lsq(&with_light(&n, |k, x, y| light(x, y) + if hit(k, x, y) { 9_000.0 } else { 0.0 }));
    let (a, b): (f64, f64) = (0..3)
        .map(|band| (aperture(&clean, band, at, 5.0), aperture(&struck, band, at, 5.0)))
        .fold((0.0, 0.0), |s, v| (s.0 + v.0, s.1 + v.1));
    // Four photosites of 9,000 ADU in one of 30 frames would add about 1,200 ADU to each band together.
    assert!((b - a).abs() < 240.0, "clean {a}, struck {b}");
    let (x, y) = (at.0.round() as usize, at.1.round() as usize);
    let marked: u32 = (y - 2..=y + 2)
        .flat_map(|v| (x - 2..=x + 2).map(move |u| (v, u)))
        .map(|p| u32::from(struck.rejected[p]).saturating_sub(u32::from(clean.rejected[p])))
        .sum();
    assert!((2..=12).contains(&marked), "{marked} samples rejected in the core");
}
