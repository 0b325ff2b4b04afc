//! Frames into chunks.

use std::time::Instant;

use crowdsky_core::{Error, Filter, FrameMeta, UtcTime, group_into_chunks};
use proptest::prelude::*;

use crate::{pos, time};

fn frame(start: UtcTime, ra: f64, dec: f64) -> FrameMeta {
    let mut frame = FrameMeta::new(1080, 1920);
    frame.date_obs = Some(start);
    frame.pointing = Some(pos(ra, dec));
    frame.telescope = Some("S50_00000000".into());
    frame.object = Some("M 94".into());
    frame.filter = Some(Filter::IrCut);
    frame.exptime = Some(10.0);
    frame.gain = Some(80.0);
    frame
}

fn members(frames: &[FrameMeta]) -> Vec<Vec<usize>> {
    group_into_chunks(frames).chunks.into_iter().map(|c| c.members).collect()
}

#[test]
fn a_run_over_a_rounding_edge_stays_together() {
    let start = time("2025-03-27T01:20:32.955");
    // As the M 94 sample: 193.0 in frames 1-5, 193.1 in 6-16.
    let frames: Vec<_> = (0..16)
        .map(|i| frame(start.plus_seconds(11.3 * f64::from(i)), 193.042 + 0.0016 * f64::from(i), 40.97))
        .collect();
    let keys: Vec<_> = frames.iter().filter_map(|f| f.position_key()).map(|k| k.to_string()).collect();
    assert_eq!((&keys[4][..], &keys[5][..]), ("20250327.05_193.0_+41.0", "20250327.05_193.1_+41.0"));
    let grouping = group_into_chunks(&frames);
    assert_eq!(grouping.chunks.len(), 1);
    assert_eq!(grouping.chunks[0].members, (0..16).collect::<Vec<_>>());
    assert_eq!(grouping.chunks[0].position_key.to_string(), "20250327.05_193.0_+41.0");
    assert_eq!(
        grouping.chunks[0].healpix_key.map(|k| k.to_string()).as_deref(),
        Some("20250327.05_HP033810")
    );
    assert_eq!(grouping.left_out, []);
}

#[test]
fn every_fact_separates() {
    let base = || frame(time("2025-03-27T01:20:32"), 193.0, 41.0);
    let changes: [fn(&mut FrameMeta); 11] = [
        |f| f.telescope = Some("S50_00000001".into()),
        |f| f.telescope = None,
        |f| f.filter = Some(Filter::Lp),
        |f| f.exptime = Some(20.0),
        |f| f.gain = Some(81.0),
        |f| f.gain = None,
        |f| f.width = 1081,
        |f| f.object = Some("M 95".into()),
        |f| f.date_obs = Some(time("2025-03-27T01:30:00")),
        |f| f.pointing = Some(pos(193.0, 41.26)),
        |f| f.pointing = None,
    ];
    for (i, change) in changes.iter().enumerate() {
        let mut other = base();
        change(&mut other);
        assert_eq!(members(&[base(), other]).len(), 2, "change {i}");
    }
    let mut same = base();
    same.exptime = Some(10.000_001);
    same.pointing = Some(pos(193.0, 41.24));
    same.ccd_temp = Some(12.0);
    assert_eq!(members(&[base(), same]), [[0, 1]]);
}

#[test]
fn links_make_a_chain_across_ra_0_and_the_pole() {
    let at = |ra, dec| frame(time("2025-03-27T01:20:32"), ra, dec);
    // 0.2 deg apart each, 0.8 in all.
    let across: Vec<_> = [359.7, 359.9, 0.1, 0.3, 0.5].map(|ra| at(ra, 0.0)).into();
    assert_eq!(members(&across).len(), 1);
    assert_eq!(members(&[at(0.0, 89.9), at(180.0, 89.9)]).len(), 1);
    assert_eq!(members(&[at(0.0, 89.9), at(180.0, 89.8)]).len(), 2);
}

#[test]
fn frames_without_a_date_are_left_out_with_the_reason() {
    let mut undated = frame(time("2025-03-27T01:20:32"), 193.0, 41.0);
    undated.date_obs = None;
    let grouping = group_into_chunks(&[undated, frame(time("2025-03-27T01:20:32"), 193.0, 41.0)]);
    assert_eq!(grouping.chunks[0].members, [1]);
    assert_eq!(grouping.left_out[0].index, 0);
    assert!(matches!(grouping.left_out[0].reason, Error::Missing { what: "DATE-OBS", .. }));
}

#[test]
fn frames_without_a_pointing_keep_together() {
    let mut lost = frame(time("2025-03-27T01:20:32"), 0.0, 0.0);
    lost.pointing = None;
    let grouping = group_into_chunks(&[lost.clone(), frame(time("2025-03-27T01:20:30"), 0.0, 0.0), lost]);
    assert_eq!(grouping.chunks.iter().map(|c| c.members.clone()).collect::<Vec<_>>(), [vec![1], vec![0, 2]]);
    assert_eq!(grouping.chunks[1].position_key.to_string(), "20250327.05");
    assert_eq!(grouping.chunks[1].healpix_key, None);
}

#[test]
fn forty_thousand_frames_of_one_slot_take_no_square_of_time() {
    // Two tight fields 0.26 deg apart (no link, nothing to be told from a few frames) and a third far off.
    let start = time("2025-03-27T01:15:00");
    let frames: Vec<_> = (0..40_000u32)
        .map(|i| {
            let jitter = |k: u32| f64::from(i.wrapping_mul(k) % 1000) * 4e-6;
            let dec = [40.0, 40.264, 60.0][i as usize % 3];
            frame(start.plus_seconds(f64::from(i) * 0.02), 193.0 + jitter(7919), dec + jitter(104_729))
        })
        .collect();
    let began = Instant::now();
    let chunks = group_into_chunks(&frames).chunks;
    // Pairs would be 1.6e9 here, over 5 s; one pass takes some 0.05 s.
    assert!(began.elapsed().as_secs_f64() < 2.0, "{:?}", began.elapsed());
    assert_eq!(chunks.iter().map(|c| c.members.len()).collect::<Vec<_>>(), [13_334, 13_333, 13_333]);
}

proptest! {
    #[test]
    fn every_frame_is_in_one_place_and_the_order_given_does_not_matter(
        given in prop::collection::vec((0..2000u32, 0..6u32, 0..3u32, 0..4u32), 1..60),
        turn in 0..60usize,
    ) {
        let start = time("2025-03-27T01:00:00");
        let frames: Vec<_> = given
            .iter()
            .map(|&(seconds, step, object, facts)| {
                let mut f = frame(start.plus_seconds(f64::from(seconds)), 193.0, 40.0 + 0.15 * f64::from(step));
                f.object = Some(format!("M {object}"));
                if facts == 0 { f.pointing = None }
                if facts == 1 && step == 0 { f.date_obs = None }
                f
            })
            .collect();
        let grouping = group_into_chunks(&frames);
        let mut seen: Vec<usize> = grouping.chunks.iter().flat_map(|c| c.members.clone()).collect();
        seen.extend(grouping.left_out.iter().map(|l| l.index));
        seen.sort_unstable();
        prop_assert_eq!(seen, (0..frames.len()).collect::<Vec<_>>());
        for chunk in &grouping.chunks {
            let first = &frames[chunk.members[0]];
            prop_assert_eq!(Some(chunk.position_key), first.position_key());
            prop_assert_eq!(chunk.healpix_key, first.healpix_key());
            prop_assert!(chunk.members.windows(2).all(|w| frames[w[0]].date_obs <= frames[w[1]].date_obs));
        }
        let mut turned = frames.clone();
        turned.rotate_left(turn % frames.len());
        let content = |frames: &[FrameMeta]| -> Vec<_> {
            let chunks = group_into_chunks(frames).chunks;
            let mut all: Vec<_> = chunks.into_iter().map(|c| (c.position_key, frames[c.members[0]].object.clone(), c.members.len())).collect();
            all.sort();
            all
        };
        prop_assert_eq!(content(&frames), content(&turned));
    }
}
