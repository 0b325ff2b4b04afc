//! What the frames show is what the truth says.

use crowdsky_sim::{BayerPattern, Night, NightOptions, NightTruth, Psf, SimFrame, Star};
use proptest::prelude::*;

/// Quiet, and on a flat white sky, so that one thing at a time is measured.
fn plain() -> NightOptions {
    NightOptions::default().frames(3).size(201, 161).quiet().sky_gradient([[0.0; 2]; 3]).sky_colour([1.0; 3])
}

fn values_of(frame: &SimFrame, bayer: BayerPattern, colour: usize) -> Vec<f64> {
    let at = |i: usize| (i % frame.width, i / frame.width);
    let of_colour = |i: &usize| bayer.band(at(*i).0, at(*i).1).index() == colour;
    (0..frame.pixels.len()).filter(of_colour).map(|i| f64::from(frame.pixels[i])).collect()
}

fn mean_and_variance(values: &[f64]) -> (f64, f64) {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    (mean, values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / (n - 1.0))
}

#[test]
fn level_and_noise_are_right_in_each_colour() {
    let (colour, gain, read_noise) = ([0.8, 1.0, 0.7], 0.5, 3.0);
    let options = plain().stars(0).sky_colour(colour).electrons_per_adu(gain).read_noise(read_noise);
    let night = Night::new(options).unwrap();
    let frame = night.frame(0).unwrap();
    for (c, share) in colour.iter().enumerate() {
        let values = values_of(&frame, BayerPattern::Grbg, c);
        let (mean, variance) = mean_and_variance(&values);
        let sky = frame.truth.sky * share;
        // Variance in ADU^2: sky / gain, read noise / gain squared, and 1/12 from rounding.
        let expected = sky / gain + (read_noise / gain).powi(2) + 1.0 / 12.0;
        let n = values.len() as f64;
        assert!((mean - 300.0 - sky).abs() < 4.0 * (expected / n).sqrt(), "level of colour {c}: {mean}");
        assert!(
            (variance / expected - 1.0).abs() < 4.0 * (2.0 / n).sqrt(),
            "noise of colour {c}: {variance}"
        );
    }
}

#[test]
fn a_dark_frame_has_read_noise_and_bias_only() {
    let night = Night::new(plain().stars(0).sky(0.0).read_noise(2.0)).unwrap();
    let values: Vec<f64> = night.frame(1).unwrap().pixels.iter().map(|&p| f64::from(p)).collect();
    let (mean, variance) = mean_and_variance(&values);
    assert!((mean - 300.0).abs() < 0.05, "{mean}");
    assert!((variance - (4.0 + 1.0 / 12.0)).abs() < 0.15, "{variance}");
}

#[test]
fn each_bayer_pattern_has_its_colours_in_their_places() {
    // A red sky three times the green, blue a third: each pixel of the cell tells its filter.
    for bayer in BayerPattern::ALL {
        let night = Night::new(plain().stars(0).bayer(bayer).sky_colour([3.0, 1.0, 1.0 / 3.0])).unwrap();
        let frame = night.frame(1).unwrap();
        let letters: String = [(0, 0), (1, 0), (0, 1), (1, 1)]
            .map(|(x0, y0)| {
                let (mut sum, mut n) = (0.0, 0.0);
                for y in (y0..frame.height).step_by(2) {
                    for x in (x0..frame.width).step_by(2) {
                        sum += f64::from(frame.pixels[y * frame.width + x]) - 300.0;
                        n += 1.0;
                    }
                }
                match sum / n / frame.truth.sky {
                    r if (2.9..3.1).contains(&r) => 'R',
                    g if (0.9..1.1).contains(&g) => 'G',
                    b if (0.3..0.4).contains(&b) => 'B',
                    other => panic!("{bayer}: {other} at {x0} {y0}"),
                }
            })
            .iter()
            .collect();
        assert_eq!(letters, bayer.as_str());
    }
}

#[test]
fn the_gradient_runs_across_the_frame() {
    let night = Night::new(plain().stars(0).sky_gradient([[0.4, 0.0], [0.0, -0.4], [0.0, 0.0]])).unwrap();
    let frame = night.frame(1).unwrap();
    let mean_where = |colour: usize, keep: &dyn Fn(usize, usize) -> bool| {
        let (mut sum, mut n) = (0.0, 0.0);
        for (i, &p) in frame.pixels.iter().enumerate() {
            let (x, y) = (i % frame.width, i / frame.width);
            if BayerPattern::Grbg.band(x, y).index() == colour && keep(x, y) {
                sum += f64::from(p) - 300.0;
                n += 1.0;
            }
        }
        sum / n / frame.truth.sky
    };
    // The outer fifths are centred 40 % of the frame off its middle: 0.4 x 0.4 = 0.16.
    assert!((mean_where(0, &|x, _| x < 40) - 0.84).abs() < 0.01);
    assert!((mean_where(0, &|x, _| x > 160) - 1.16).abs() < 0.01);
    assert!((mean_where(1, &|_, y| y < 32) - 1.16).abs() < 0.01);
    assert!((mean_where(2, &|x, y| x < 40 && y < 32) - 1.0).abs() < 0.01);
}

/// The brightest star that is well within the frame and has no other near.
fn lonely_star(truth: &NightTruth, k: usize, reach: f64) -> Star {
    let places: Vec<[f64; 2]> = truth.stars.iter().map(|s| truth.position(k, s).unwrap()).collect();
    let alone = |i: usize| {
        let [x, y] = places[i];
        let inside =
            x > reach && y > reach && x < truth.width as f64 - reach && y < truth.height as f64 - reach;
        inside
            && (0..places.len()).all(|j| j == i || (places[j][0] - x).hypot(places[j][1] - y) > 1.6 * reach)
    };
    let candidates = truth.stars.iter().enumerate().filter(|(i, s)| alone(*i) && s.flux[1] < 1e5);
    *candidates.max_by(|a, b| a.1.flux[1].total_cmp(&b.1.flux[1])).expect("a lonely star").1
}

/// Light of one colour in a square of half side 20 about the place, divided by the colour's share of the pixels; and
/// the centroid of all colours, each brought to the same light.
fn measure(night: &Night, frame: &SimFrame, star: &Star, [x, y]: [f64; 2]) -> ([f64; 3], [f64; 2]) {
    let sky = frame.truth.sky + 300.0;
    let (mut flux, mut seen, mut first, mut sum) = ([0.0; 3], [0.0; 3], [0.0; 2], 0.0);
    for py in y as usize - 20..=y as usize + 20 {
        for px in x as usize - 20..=x as usize + 20 {
            let colour = night.truth().options.bayer_pattern().band(px, py).index();
            let light = f64::from(frame.pixels[py * frame.width + px]) - sky;
            (flux[colour], seen[colour]) = (flux[colour] + light, seen[colour] + 1.0);
            if (px as f64 - x).hypot(py as f64 - y) < 7.0 {
                let white = light / star.flux[colour];
                first = [first[0] + white * px as f64, first[1] + white * py as f64];
                sum += white;
            }
        }
    }
    let all: f64 = seen.iter().sum();
    ([0, 1, 2].map(|c| flux[c] * all / seen[c]), [first[0] / sum, first[1] / sum])
}

#[test]
fn stars_are_where_and_as_bright_as_the_truth_says() {
    for (psf, seed) in [(Psf::default(), 11), (Psf::Gaussian, 12)] {
        // A wide star, so that filters two pixels apart sample it well; turned, moved, and behind haze.
        let options = plain().seed(seed).psf(psf).fwhm(5.0).stars(12).faintest(3e4).rotation(40.0).drift(3.0);
        let night = Night::new(options).unwrap();
        for k in 0..3 {
            let frame = night.frame(k).unwrap();
            let star = lonely_star(night.truth(), k, 25.0);
            let place = night.truth().position(k, &star).unwrap();
            let (flux, centroid) = measure(&night, &frame, &star, place);
            let off = (centroid[0] - place[0]).hypot(centroid[1] - place[1]);
            assert!(off < 0.1, "{psf:?}, frame {k}: centroid {centroid:?}, truth {place:?}");
            for (c, flux) in flux.iter().enumerate() {
                let expected = star.flux[c] * frame.truth.transparency;
                // A colour with a quarter of the pixels multiplies its noise by 4: 41^2 pixels of sky and the star.
                let noise = 4.0 * (41.0 * 41.0 / 4.0 * frame.truth.sky + expected / 4.0).sqrt();
                let wings = 0.012 * expected; // of a Moffat beyond the square
                let error = (flux - expected).abs();
                assert!(error < 4.0 * noise + wings, "{psf:?}, frame {k}, colour {c}: {} {expected}", flux);
            }
        }
    }
}

#[test]
fn transforms_lead_each_frame_to_the_reference() {
    let options = plain().frames(7).stars(50).rotation(5.0).drift(4.0).dither(20.0).meridian_flip(true);
    let night = Night::new(options).unwrap();
    let truth = night.truth();
    assert_eq!(truth.reference, 3);
    for k in 0..7 {
        let m = night.transform_to_reference(k).unwrap();
        for star in &truth.stars {
            let [x, y] = truth.position(k, star).unwrap();
            let there = m.map(|row| row[0] * x + row[1] * y + row[2]);
            let reference = truth.position(3, star).unwrap();
            assert!((there[0] - reference[0]).hypot(there[1] - reference[1]) < 1e-9, "frame {k}");
        }
        // After the flip the picture stands on its head.
        assert_eq!(m[0][0] < 0.0, k > 3, "frame {k}: {m:?}");
    }
}

#[test]
fn the_field_turns_by_the_whole_rotation_and_jumps_when_dithered() {
    let night = Night::new(plain().frames(31).rotation(2.5).drift(0.0).dither(30.0)).unwrap();
    let frames = &night.truth().frames;
    assert!((frames[30].rotation - frames[0].rotation - 2.5_f64.to_radians()).abs() < 1e-12);
    for (k, pair) in frames.windows(2).enumerate() {
        assert_eq!(pair[0].shift != pair[1].shift, (k + 1) % 5 == 0, "frame {}", k + 1);
    }
    assert!(frames.iter().all(|f| f.shift[0].hypot(f.shift[1]) < 60.0));
}

#[test]
fn hot_pixels_stay_and_are_too_bright_by_their_excess() {
    let night = Night::new(plain().stars(0).hot_pixels(100)).unwrap();
    for k in 0..3 {
        let frame = night.frame(k).unwrap();
        for hot in &night.truth().hot_pixels {
            let excess = f64::from(frame.pixels[hot.y * frame.width + hot.x]) - 300.0 - frame.truth.sky;
            assert!((excess - hot.excess).abs() < 6.0 * (hot.excess + frame.truth.sky).sqrt());
        }
    }
}

#[test]
fn cosmic_rays_hit_once_and_where_told() {
    let night = Night::new(plain().stars(0).cosmic_rays(5.0)).unwrap();
    let mut hits = 0;
    for k in 0..3 {
        let frame = night.frame(k).unwrap();
        let limit = 300.0 + frame.truth.sky + 8.0 * frame.truth.sky.sqrt();
        let lit = frame.pixels.iter().filter(|&&p| f64::from(p) > limit).count();
        let told: usize = frame.truth.cosmic_rays.iter().map(|c| c.width * c.height).sum();
        assert!(lit <= told && lit + 2 >= told, "{lit} pixels lit, {told} told");
        for c in &frame.truth.cosmic_rays {
            assert!(f64::from(frame.pixels[c.y * frame.width + c.x]) > limit);
        }
        hits += told;
    }
    assert!(hits > 0);
}

#[test]
fn trails_run_along_their_line_and_nowhere_else() {
    let night = Night::new(plain().frames(8).stars(0).trails(1.0)).unwrap();
    for k in (0..8).filter(|&k| k != 4) {
        let frame = night.frame(k).unwrap();
        let trail = frame.truth.trail.expect("a trail in each frame but the reference");
        assert!((trail.sigma * 2.3548 / frame.truth.fwhm - 1.0).abs() < 1e-3);
        let (mut on, mut n_on, mut off, mut n_off) = (0.0, 0.0, 0.0, 0.0);
        for (i, &p) in frame.pixels.iter().enumerate() {
            let (dx, dy) = ((i % frame.width) as f64 - trail.x, (i / frame.width) as f64 - trail.y);
            let distance = (dx * trail.angle.sin() - dy * trail.angle.cos()).abs();
            let light = f64::from(p) - 300.0 - frame.truth.sky;
            if distance < 0.5 {
                (on, n_on) = (on + light, n_on + 1.0);
            } else if distance > 6.0 * trail.sigma {
                (off, n_off) = (off + light, n_off + 1.0);
            }
        }
        assert!((on / n_on / trail.peak - 0.97).abs() < 0.15, "frame {k}: {} of {}", on / n_on, trail.peak);
        assert!((off / n_off).abs() < 1.0, "frame {k}: {} beside the trail", off / n_off);
    }
    assert!(night.truth().frames[4].trail.is_none());
}

#[test]
fn clouds_take_light_and_add_sky() {
    let night = Night::new(plain().frames(9).stars(0).cloudy(1.0)).unwrap();
    for (k, frame) in night.truth().frames.iter().enumerate() {
        assert_eq!(frame.cloudy, k != 4);
        assert_eq!(frame.transparency < 0.75, k != 4, "frame {k}");
        assert_eq!(frame.sky > 700.0, k != 4, "frame {k}");
    }
}

#[test]
fn pixels_saturate_and_never_wrap() {
    let bright = Night::new(plain().stars(0).sky(1e5)).unwrap();
    assert!(bright.frame(1).unwrap().pixels.iter().all(|&p| p == 65_535));
    let dark = Night::new(plain().stars(0).sky(0.0).bias(0.0)).unwrap();
    let zeros = dark.frame(1).unwrap().pixels.iter().filter(|&&p| p == 0).count();
    // Half of the read noise lies below zero, and what rounds to it: about 62 % at 1.6 electrons.
    assert!((0.55..0.7).contains(&(zeros as f64 / (201.0 * 161.0))), "{zeros} zeros");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    /// No night within the limits panics, and its transforms are rigid.
    #[test]
    fn any_allowed_night_renders(
        seed: u64, width in 16_usize..70, height in 16_usize..70, rotation in -360.0..360.0, drift in 0.0..100.0,
        fwhm in 1.0..30.0, dither in 0.0..1000.0, bayer in 0_usize..4, gaussian: bool,
    ) {
        let psf = if gaussian { Psf::Gaussian } else { Psf::default() };
        let options = NightOptions::default().seed(seed).frames(3).size(width, height).rotation(rotation)
            .drift(drift).fwhm(fwhm).dither(dither).bayer(BayerPattern::ALL[bayer]).psf(psf).hot_pixels(9)
            .stars(40).trails(1.0).cloudy(0.5);
        let night = Night::new(options).unwrap();
        for k in 0..3 {
            prop_assert_eq!(night.frame(k).unwrap().pixels.len(), width * height);
            let [[a, b, _], [c, d, _]] = night.transform_to_reference(k).unwrap();
            prop_assert!((a * d - b * c - 1.0).abs() < 1e-12 && (a * c + b * d).abs() < 1e-12);
        }
    }
}
