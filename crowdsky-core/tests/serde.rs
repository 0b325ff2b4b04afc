//! The feature `serde`: texts and checked numbers.

use crowdsky_core::{
    ChunkKey, FileName, Filter, FrameMeta, HealpixTile, SkyPos, StackMeta, TimeSlot, UtcTime,
};

use crate::{pos, time};

#[test]
fn values_are_written_as_texts_and_checked_when_read() {
    let mut frame = FrameMeta::new(1080, 1920);
    frame.date_obs = Some(time("2025-03-27T01:20:32.955368"));
    frame.pointing = Some(pos(193.04166, 40.970556));
    frame.filter = Some(Filter::Lp);
    let json = serde_json::to_value(&frame).unwrap();
    assert_eq!(json["date_obs"], "2025-03-27T01:20:32.955368");
    assert_eq!(json["pointing"]["dec"], 40.970556);
    assert_eq!(json["filter"], "LP");
    assert_eq!(serde_json::from_value::<FrameMeta>(json).unwrap(), frame);
    let sparse: FrameMeta = serde_json::from_str(r#"{"width": 3, "height": 2}"#).unwrap();
    assert_eq!(sparse, FrameMeta::new(3, 2));

    let meta = StackMeta::from_frames([&frame], 1);
    let json = serde_json::to_value(&meta).unwrap();
    assert_eq!(json["healpix_key"], "20250327.05_HP033810");
    assert_eq!(serde_json::from_value::<StackMeta>(json).unwrap(), meta);
}

#[test]
fn bad_values_are_refused() {
    assert!(serde_json::from_str::<SkyPos>(r#"{"ra": 1.0, "dec": 91.0}"#).is_err());
    assert!(serde_json::from_str::<UtcTime>(r#""2025-02-30""#).is_err());
    assert!(serde_json::from_str::<ChunkKey>(r#""20250115.48_12.1_-0.0""#).is_err());
    assert!(serde_json::from_str::<TimeSlot>(r#""20250115.96""#).is_err());
    assert!(serde_json::from_str::<HealpixTile>(r#""HP196608""#).is_err());
    assert!(serde_json::from_str::<FileName>(r#""x.fit""#).is_err());
}
