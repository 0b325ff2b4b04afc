//! Every frame that is not stacked hears why, and the others go on.

use crate::support::{frame, frames, night, options, stacked};
use crowdsky_core::Filter;
use crowdsky_stack::{
    BayerPattern, Error, MemoryFrames, Method, Mosaic, Reason, Reference, Stack, StackOptions, stack,
};

fn reasons(s: &Stack) -> Vec<Option<Reason>> {
    s.report.frames.iter().map(|f| f.reason).collect()
}

#[test]
fn a_frame_of_another_field_is_dropped_and_the_rest_unharmed() {
    let (ours, other) = (night(options()), night(options().seed(99)));
    let mut mixed = frames(&ours);
    let (_, meta, mosaic) = frame(&other, 3);
    mixed.push("stranger", meta, mosaic);
    let with = stack(&mixed, &StackOptions::default(), &()).expect("a stack");
    let without = stacked(&ours);
    assert_eq!(with.report.frames[12].reason, Some(Reason::NoMatch));
    assert_eq!(with.report.n_accepted, 12);
    let transforms = |s: &Stack| s.report.frames[..12].iter().map(|f| f.transform).collect::<Vec<_>>();
    let (a, b) = (transforms(&with), transforms(&without));
    if with.report.frames.iter().position(|f| f.reference)
        == without.report.frames.iter().position(|f| f.reference)
    {
        assert_eq!(a, b);
    }
}

#[test]
fn of_two_fields_the_larger_is_stacked() {
    let (ours, other) = (night(options().frames(5)), night(options().seed(99).frames(8)));
    let mut mixed = frames(&ours);
    for k in 0..8 {
        let (name, meta, mosaic) = frame(&other, k);
        mixed.push(format!("other {name}"), meta, mosaic);
    }
    let s = stack(&mixed, &StackOptions::default(), &()).expect("a stack");
    let accepted: Vec<bool> = s.report.frames.iter().map(|f| f.accepted).collect();
    assert_eq!(accepted, [vec![false; 5], vec![true; 8]].concat());
}

#[test]
fn black_saturated_starless_and_duplicate_frames_are_named() {
    let n = night(options().frames(6));
    let mut all = frames(&n);
    let (_, meta, first) = frame(&n, 0);
    let (w, h) = (first.width(), first.height());
    let mosaic = |pixels: Vec<u16>| Mosaic::new(w, h, BayerPattern::Grbg, pixels).expect("shape");
    all.push("black", meta.clone(), mosaic(vec![0; w * h]));
    all.push("white", meta.clone(), mosaic(vec![65_535; w * h]));
    all.push("cover", meta.clone(), mosaic((0..w * h).map(|i| 300 + (i * 7919 % 31) as u16).collect()));
    all.push("again", meta, first);
    let s = stack(&all, &StackOptions::default(), &()).expect("a stack");
    let expected =
        [Some(Reason::Blank), Some(Reason::Saturated), Some(Reason::TooFewStars), Some(Reason::Duplicate)];
    assert_eq!(reasons(&s)[6..], expected);
    assert_eq!(s.report.n_accepted, 6);
    assert!(s.report.frames.iter().all(|f| f.accepted == f.detail.is_none()));
}

#[test]
fn other_filters_and_exposures_are_left_out_unless_allowed() {
    let n = night(options().frames(6));
    let mut all = MemoryFrames::default();
    for k in 0..6 {
        let (name, mut meta, mosaic) = frame(&n, k);
        if k == 1 {
            meta.filter = Some(Filter::Lp);
        }
        if k == 4 {
            meta.exptime = Some(20.0);
        }
        all.push(name, meta, mosaic);
    }
    let s = stack(&all, &StackOptions::default(), &()).expect("a stack");
    assert_eq!(
        (s.report.frames[1].reason, s.report.frames[4].reason),
        (Some(Reason::MixedFilter), Some(Reason::MixedExposure))
    );
    let s = stack(&all, &StackOptions::default().allow_mixed(true), &()).expect("a stack");
    assert_eq!(s.report.n_accepted, 6);
}

#[test]
fn one_frame_is_no_stack_and_the_report_comes_with_the_error() {
    let n = night(options().frames(2));
    let mut one = MemoryFrames::default();
    let (name, meta, mosaic) = frame(&n, 0);
    one.push(name, meta, mosaic);
    match stack(&one, &StackOptions::default(), &()) {
        Err(Error::NothingToStack { given: 1, report, .. }) => assert_eq!(report.frames.len(), 1),
        other => panic!("{other:?}"),
    }
    assert!(matches!(stack(&MemoryFrames::default(), &StackOptions::default(), &()), Err(Error::NoFrames)));
}

#[test]
fn two_frames_stack() {
    let n = night(options().frames(2));
    let s = stacked(&n);
    assert_eq!(s.report.n_accepted, 2);
    let worst = crate::support::registration_error(&n, &s, 0);
    assert!(worst < 0.05, "{worst} px");
}

#[test]
fn a_blurred_frame_and_a_clouded_one_are_dropped() {
    let n = night(options().frames(8).cloudy(0.0));
    let mut all = MemoryFrames::default();
    for k in 0..8 {
        let (name, meta, mosaic) = frame(&n, k);
        let (w, h) = (mosaic.width(), mosaic.height());
        let pixels = mosaic.pixels();
        let changed: Vec<u16> = match k {
            // Same-colour running mean over 5 x 5 sites: three times as wide.
            2 => (0..w * h)
                .map(|i| {
                    let (x, y) = (i % w, i / w);
                    let span = |c: usize, n: usize| {
                        (0..5usize).map(move |d| (c + 2 * d).saturating_sub(4).min(n - 1 - (n - 1 - c) % 2))
                    };
                    let sum: u32 = span(y, h)
                        .flat_map(|v| span(x, w).map(move |u| (u, v)))
                        .map(|(u, v)| u32::from(pixels[v * w + u]))
                        .sum();
                    (sum / 25) as u16
                })
                .collect(),
            // A sixth of the light, under a sky that stays: cloud.
            5 => pixels.iter().map(|&v| 850 + (v.saturating_sub(850)) / 6 + (v % 200)).collect(),
            _ => pixels.to_vec(),
        };
        all.push(name, meta, Mosaic::new(w, h, mosaic.pattern(), changed).expect("shape"));
    }
    let s = stack(&all, &StackOptions::default(), &()).expect("a stack");
    assert_eq!(s.report.frames[2].reason, Some(Reason::Blurred), "{:?}", s.report.frames[2]);
    assert!(!s.report.frames[5].accepted, "{:?}", s.report.frames[5]);
    assert_eq!(s.report.n_accepted, 6);
}

#[test]
fn the_reference_can_be_named() {
    let n = night(options().frames(6));
    let all = frames(&n);
    let name = n.truth().frames[1].file_name.clone();
    let s = stack(&all, &StackOptions::default().reference(Reference::Named(name)), &()).expect("a stack");
    assert!(s.report.frames[1].reference);
    assert_eq!(s.report.frames[1].transform, Some([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]));
    let unknown = StackOptions::default().reference(Reference::Named("nobody".to_owned()));
    assert!(matches!(stack(&all, &unknown, &()), Err(Error::Reference { .. })));
    // Only preferred, it is left to itself.
    let preferred = |name: &str| StackOptions::default().reference(Reference::Preferred(name.to_owned()));
    let second = &n.truth().frames[1].file_name;
    assert!(stack(&all, &preferred(second), &()).expect("a stack").report.frames[1].reference);
    assert!(stack(&all, &preferred("nobody"), &()).expect("a stack").report.frames[3].reference);
    // Left to itself it is the middle one in time.
    assert!(stacked(&n).report.frames[3].reference);
}

#[test]
fn a_memory_limit_that_is_too_small_says_what_is_needed() {
    let n = night(options().frames(4));
    let error = stack(&frames(&n), &StackOptions::default().memory(Some(1 << 20)), &())
        .expect_err("1 MB is not enough");
    assert!(
        matches!(error, Error::Memory { frames: 4, .. }) && error.to_string().contains("4 frames need about"),
        "{error}"
    );
}

#[test]
fn the_median_is_a_method_of_its_own() {
    let n = night(options().frames(7));
    let all = frames(&n);
    let mean = stack(&all, &StackOptions::default().method(Method::Mean), &()).expect("a stack");
    let median = stack(&all, &StackOptions::default().method(Method::Median), &()).expect("a stack");
    assert_eq!((mean.report.method.as_str(), median.report.method.as_str()), ("mean", "median"));
    let (mut same, mut close) = (0, 0);
    for (a, b) in mean.planes[1].iter().zip(&median.planes[1]).filter(|(a, _)| a.is_finite()) {
        same += usize::from(a == b);
        close += usize::from((a - b).abs() < 60.0);
    }
    let n = mean.planes[1].len();
    assert!(same < n / 10 && close > n * 95 / 100, "{same} equal and {close} close of {n}");
}
