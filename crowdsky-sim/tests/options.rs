//! Options out of range are refused by name, before anything is allocated.

use crowdsky_core::Filter;
use crowdsky_sim::{BayerPattern, Error, Night, NightOptions, Psf, Sensor};

fn refused(options: NightOptions) -> &'static str {
    match Night::new(options) {
        Err(Error::Option { option, value, expected }) => {
            assert!(!value.is_empty() && !expected.is_empty());
            option
        }
        other => panic!("not refused: {other:?}"),
    }
}

#[test]
fn values_out_of_range_are_named() {
    let o = NightOptions::default;
    let cases = [
        (o().frames(0), "frames"),
        (o().frames(usize::MAX), "frames"),
        (o().size(0, 100), "width"),
        (o().size(100, 15), "height"),
        (o().size(usize::MAX, 100), "width"),
        (o().size(20_000, 20_000), "size"),
        (o().stars(usize::MAX), "stars"),
        (o().size(16, 16).hot_pixels(65), "hot_pixels"),
        (o().ra(f64::NAN), "ra"),
        (o().dec(90.5), "dec"),
        (o().exptime(0.0), "exptime"),
        (o().cadence(9.0), "cadence"),
        (o().exptime(0.1).cadence(0.5), "cadence"),
        (o().rotation(f64::INFINITY), "rotation"),
        (o().drift(-1.0), "drift"),
        (o().dither(f64::NAN), "dither"),
        (o().fwhm(f64::NAN), "fwhm"),
        (o().fwhm(0.0), "fwhm"),
        (o().seeing_spread(0.5), "seeing_spread"),
        (o().psf(Psf::Moffat { beta: 1.0 }), "psf"),
        (o().faintest(0.0), "faintest"),
        (o().sky(f64::NEG_INFINITY), "sky"),
        (o().sky_colour([1.0, 1.0, f64::NAN]), "sky_colour"),
        (o().sky_gradient([[0.0, 0.0], [0.0, 2.0], [0.0, 0.0]]), "sky_gradient"),
        (o().cloudy(1.1), "cloudy"),
        (o().trails(-0.1), "trails"),
        (o().cosmic_rays(f64::INFINITY), "cosmic_rays"),
        (o().frames(100_000).cosmic_rays(101.0), "cosmic_rays"),
        (o().electrons_per_adu(0.0), "electrons_per_adu"),
        (o().read_noise(f64::NAN), "read_noise"),
        (o().bias(-1.0), "bias"),
        (o().filter(Filter::Other("UV".into())), "filter"),
        (o().object(""), "object"),
        (o().object("../M 31"), "object"),
        (o().object("Sterne im Süden"), "object"),
        (o().object(" M 31"), "object"),
        (o().object("M".repeat(61)), "object"),
        (o().start("2025-02-30T00:00:00"), "start"),
        (o().start("yesterday"), "start"),
    ];
    for (options, name) in cases {
        assert_eq!(refused(options), name);
    }
}

#[test]
fn the_message_says_what_to_do() {
    let error = Night::new(NightOptions::default().frames(0)).unwrap_err();
    assert_eq!(error.to_string(), "option `frames` is 0: it must be between 1 and 100000");
    let night = Night::new(NightOptions::default().frames(3).size(16, 16)).unwrap();
    let error = night.frame(3).unwrap_err();
    assert_eq!(error.to_string(), "frame 3 does not exist: the night has 3 frames, counted from 0");
    assert!(night.transform_to_reference(3).is_err());
}

#[test]
fn the_smallest_night_is_one_frame_of_16_by_16() {
    let night = Night::new(NightOptions::default().frames(1).size(16, 16).hot_pixels(0).stars(0)).unwrap();
    assert_eq!(night.frame(0).unwrap().pixels.len(), 256);
    assert_eq!(night.transform_to_reference(0).unwrap(), [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]);
}

#[test]
fn sensors_have_their_sizes_and_the_override_wins() {
    assert_eq!(NightOptions::default().size_px(), (1080, 1920));
    assert_eq!(NightOptions::default().sensor(Sensor::S30).size_px(), (1080, 1920));
    assert_eq!(NightOptions::default().sensor(Sensor::S30Pro).size_px(), (2160, 3840));
    assert_eq!(NightOptions::default().size(50, 40).size_px(), (50, 40));
    assert_eq!(NightOptions::default().bayer_pattern(), BayerPattern::Grbg);
    assert_eq!(NightOptions::default().bayer(BayerPattern::Rggb).bayer_pattern(), BayerPattern::Rggb);
}
