//! Tiles: centres, cones, other resolutions, against the definition and against healpy's answers.

use crowdsky_core::HealpixTile;
use crowdsky_core::healpix::{MAX_NSIDE, N_TILES, ang2pix_ring, pix2ang_ring};
use proptest::prelude::*;

use crate::{pos, rows};

fn all_tiles() -> impl Iterator<Item = HealpixTile> {
    (0..N_TILES).map(|i| HealpixTile::new(i).unwrap())
}

#[test]
fn every_centre_lies_in_its_tile() {
    let mut last_dec = 90.0;
    for tile in all_tiles() {
        let centre = tile.centre();
        assert_eq!(HealpixTile::from_pos(&centre), tile);
        assert!(centre.dec() <= last_dec, "{tile} lies north of the one before");
        last_dec = centre.dec();
    }
}

#[test]
fn cones_equal_healpys() {
    for row in rows(include_str!("data/cones.txt")) {
        let [ra, dec, radius, count, sum]: [f64; 5] =
            row.iter().map(|f| f.parse().unwrap()).collect::<Vec<_>>().try_into().unwrap();
        let tiles = HealpixTile::tiles_in_cone(&pos(ra, dec), radius);
        let found = (tiles.len() as f64, tiles.iter().map(|t| f64::from(t.index())).sum::<f64>());
        assert_eq!(found, (count, sum), "{row:?}");
        assert!(tiles.windows(2).all(|w| w[0] < w[1]), "{row:?} is out of order");
    }
}

#[test]
fn cones_hold_what_the_definition_says() {
    for (ra, dec, radius) in
        [(0.1, 0.0, 3.0), (359.9, 89.9, 4.0), (77.0, -88.0, 2.5), (193.0, 41.8, 20.0), (5.0, -5.0, 179.9)]
    {
        let centre = pos(ra, dec);
        let expected: Vec<_> = all_tiles().filter(|t| t.centre().separation(&centre) <= radius).collect();
        assert_eq!(HealpixTile::tiles_in_cone(&centre, radius), expected, "{ra} {dec} {radius}");
    }
}

#[test]
fn odd_radii_have_an_answer() {
    let place = pos(10.0, 20.0);
    for radius in [-1.0, f64::NAN, f64::NEG_INFINITY] {
        assert_eq!(HealpixTile::tiles_in_cone(&place, radius), []);
        assert_eq!(HealpixTile::tiles_touching_cone(&place, radius), []);
    }
    for radius in [180.0, 1e300, f64::INFINITY] {
        assert_eq!(HealpixTile::tiles_in_cone(&place, radius).len(), N_TILES as usize);
    }
    assert!(HealpixTile::tiles_touching_cone(&place, 0.0).contains(&HealpixTile::from_pos(&place)));
}

#[test]
fn numbers_out_of_range_are_refused() {
    assert!(HealpixTile::new(N_TILES).is_err());
    assert!(ang2pix_ring(0, &pos(0.0, 0.0)).is_err() && ang2pix_ring(MAX_NSIDE + 1, &pos(0.0, 0.0)).is_err());
    assert!(pix2ang_ring(1, 12).is_err());
    for bad in ["", "HP", "HP12345", "HP1234567", "HP196608", "hp000001", "HP-00001", "HP00000é"] {
        assert!(bad.parse::<HealpixTile>().is_err(), "{bad}");
    }
}

fn anywhere() -> impl Strategy<Value = (f64, f64)> {
    // Uniform on the sphere, with the poles thrown in.
    (
        0.0..360.0f64,
        prop_oneof![9 => (-1.0..1.0f64).prop_map(|z| z.asin().to_degrees()), 1 => Just(90.0), 1 => Just(-90.0)],
    )
}

proptest! {
    #[test]
    fn centres_read_back_at_any_nside(nside in 1..=MAX_NSIDE, at in 0.0..1.0f64) {
        let pixel = (at * 12.0 * f64::from(nside).powi(2)) as u64;
        prop_assert_eq!(ang2pix_ring(nside, &pix2ang_ring(nside, pixel).unwrap()).unwrap(), pixel);
    }

    #[test]
    fn no_point_is_farther_from_its_centre_than_a_corner((ra, dec) in anywhere()) {
        let place = pos(ra, dec);
        prop_assert!(HealpixTile::from_pos(&place).centre().separation(&place) <= 0.586);
    }

    #[test]
    fn a_search_misses_no_point_in_the_cone((ra, dec) in anywhere(), radius in 0.0..3.0f64, part in 0.0..1.0f64, turn in 0.0..360.0f64) {
        let centre = pos(ra, dec);
        // A point `part * radius` away in direction `turn`.
        let (d, r, t) = (dec.to_radians(), (part * radius).to_radians(), turn.to_radians());
        let dec2 = (d.sin() * r.cos() + d.cos() * r.sin() * t.cos()).clamp(-1.0, 1.0).asin();
        let ra2 = ra.to_radians() + (t.sin() * r.sin() * d.cos()).atan2(r.cos() - d.sin() * dec2.sin());
        let inside = pos(ra2.to_degrees(), dec2.to_degrees().clamp(-90.0, 90.0));
        prop_assume!(inside.separation(&centre) <= radius);
        prop_assert!(HealpixTile::tiles_touching_cone(&centre, radius).contains(&HealpixTile::from_pos(&inside)));
    }

    #[test]
    fn separation_is_a_distance(a in anywhere(), b in anywhere(), c in anywhere()) {
        let (a, b, c) = (pos(a.0, a.1), pos(b.0, b.1), pos(c.0, c.1));
        prop_assert!((a.separation(&b) - b.separation(&a)).abs() < 1e-12);
        prop_assert!((0.0..=180.0).contains(&a.separation(&b)));
        prop_assert!(a.separation(&c) <= a.separation(&b) + b.separation(&c) + 1e-12);
        prop_assert!(a.separation(&a) == 0.0);
    }
}
