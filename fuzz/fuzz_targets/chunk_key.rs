//! Chunk keys: one key has one text, and one text one key.
#![no_main]

use arbitrary::Arbitrary;
use crowdsky_core::legacy::{parse_key, php_chunk_key};
use crowdsky_core::{ChunkKey, HealpixTile, SkyPos, TimeSlot, UtcTime};
use libfuzzer_sys::fuzz_target;

#[derive(Debug, Arbitrary)]
struct Input<'a> {
    micros: i64,
    ra: f64,
    dec: f64,
    zone_s: i32,
    text: &'a str,
}

fuzz_target!(|input: Input<'_>| {
    if let Ok(key) = input.text.parse::<ChunkKey>() {
        assert_eq!(key.to_string(), input.text, "reading takes only what printing gives");
        assert_eq!(parse_key(input.text).ok(), Some(key), "the old reader takes all the new one takes");
    }
    if let Ok(key) = parse_key(input.text) {
        assert_eq!(key.to_string().parse(), Ok(key));
    }
    if let Ok(slot) = input.text.parse::<TimeSlot>() {
        assert_eq!(slot.to_string(), input.text);
        assert_eq!(TimeSlot::of(slot.start()), slot);
    }
    if let Ok(tile) = input.text.parse::<HealpixTile>() {
        assert_eq!(HealpixTile::from_pos(&tile.centre()), tile);
    }
    if let Ok(Some(old)) = php_chunk_key(input.text, Some((input.ra, input.dec)), input.zone_s) {
        // The old server also took pointings that are none, such as RA -0.1, which no telescope writes.
        let is_a_place = (0.0..=360.0).contains(&input.ra) && (-90.0..=90.0).contains(&input.dec);
        assert!(!is_a_place || parse_key(&old).is_ok(), "{old}");
    }

    let (Ok(time), Ok(pos)) = (UtcTime::from_micros(input.micros), SkyPos::new(input.ra, input.dec)) else {
        return;
    };
    for key in
        [ChunkKey::position(time, Some(&pos)), ChunkKey::position(time, None), ChunkKey::healpix(time, &pos)]
    {
        assert_eq!(key.to_string().parse(), Ok(key));
        assert!(key.slot().start() <= time && time <= key.slot().end());
    }
});
