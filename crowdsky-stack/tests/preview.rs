//! The picture of a whole stack, by each way to its variances.

use crate::support::{frames, median, night, options};
use crowdsky_stack::{Method, Stack, StackOptions, preview, stack};

#[test]
fn the_sky_is_dark_and_neutral_and_bright_stars_have_the_hues_of_the_star_table() {
    let all = frames(&night(options().rotation(8.0)));
    for method in [Method::Lsq, Method::Mean] {
        let s: Stack = stack(&all, &StackOptions::default().method(method), &()).expect("a stack");
        let picture = preview::render(&s);
        let pixels: Vec<[f64; 3]> =
            picture.rgb.chunks_exact(3).map(|p| [p[0], p[1], p[2]].map(f64::from)).collect();
        assert_eq!(pixels.len(), s.planes[0].len());
        for band in 0..3 {
            let level = median(pixels.iter().map(|p| p[band]).collect());
            assert!((25.0..=27.0).contains(&level), "{method:?}, band {band}: the sky is at {level}");
        }
        assert!(pixels.iter().flatten().all(|&v| v < 255.0), "{method:?}: a core is cut off");
        let dark = pixels.iter().filter(|p| p.iter().all(|&v| v == 0.0)).count();
        let missing = (0..pixels.len()).filter(|&i| {
            let at = (i / picture.width, i % picture.width);
            s.planes.iter().any(|plane| !plane[at].is_finite())
        });
        assert_eq!(dark, missing.count(), "{method:?}: black is where there are no data");

        let bright: Vec<_> = s.stars.iter().filter(|s| s.flag == 0 && s.snr > 100.0).collect();
        let white = median(bright.iter().map(|s| (s.flux_r / s.flux_b).ln()).collect());
        let mut seen = 0;
        for star in bright {
            let hue = (star.flux_r / star.flux_b).ln() - white;
            let [red, _, blue] = pixels[star.y.round() as usize * picture.width + star.x.round() as usize];
            if hue.abs() > 0.2 {
                seen += 1;
                assert!(hue * (red - blue) > 0.0, "{method:?}: hue {hue}, red {red}, blue {blue}");
            }
        }
        assert!(seen > 10, "{method:?}: {seen} stars with a hue");
    }
}
