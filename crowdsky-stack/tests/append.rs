//! Frames added to a stack: as if all had come at once, or by weight where the old ones are gone.

use crate::support::{frames, night, options};
use crowdsky_core::FrameMeta;
use crowdsky_stack::files::{WriteOptions, read_planes, read_state, state_path, write_fits, write_state};
use crowdsky_stack::{
    Append, Dropped, Error, FrameSource, MemoryFrames, Method, Mosaic, Reason, Reference, Stack,
    StackOptions, State, StateError, append, append_linearly, stack,
};
use ndarray::{Array2, s};
use std::sync::Arc;

/// The first frames of others; those of some numbers are gone.
struct Part<'a> {
    all: &'a MemoryFrames,
    count: usize,
    gone: std::ops::Range<usize>,
}

impl FrameSource for Part<'_> {
    fn len(&self) -> usize {
        self.count
    }

    fn name(&self, index: usize) -> String {
        self.all.name(index)
    }

    fn meta(&self, index: usize) -> Result<FrameMeta, Dropped> {
        if self.gone.contains(&index) {
            return Err(Dropped::new(Reason::Unreadable, "cannot be opened: it is gone"));
        }
        self.all.meta(index)
    }

    fn load(&self, index: usize) -> Result<Arc<Mosaic>, Dropped> {
        self.meta(index)?;
        self.all.load(index)
    }
}

fn first(all: &MemoryFrames, count: usize) -> Part<'_> {
    Part { all, count, gone: 0..0 }
}

/// The state of a stack as it comes back from its file.
fn kept(stack: &Stack) -> State {
    let folder = tempfile::tempdir().expect("a folder");
    let path = state_path(&folder.path().join("s.fits"));
    assert!(path.ends_with("s.fits.state"));
    write_state(&stack.state, &path, false).expect("written");
    read_state(&path).expect("read")
}

/// Largest difference of two stacks in units of their noise.
fn difference(a: &Stack, b: &Stack) -> f64 {
    let mut worst = 0.0f64;
    for band in 0..3 {
        let variance = &b.noise.as_ref().expect("method lsq tells").variance[band];
        for ((a, b), v) in a.planes[band].iter().zip(&b.planes[band]).zip(variance) {
            assert_eq!(a.is_nan(), b.is_nan());
            if a.is_finite() {
                worst = worst.max(f64::from((a - b).abs()) / f64::from(*v).sqrt());
            }
        }
    }
    worst
}

#[test]
fn added_frames_give_the_stack_of_all_at_once() {
    for night_options in [options(), options().cloudy(0.3).trails(0.4), options().meridian_flip(true)] {
        let all = frames(&night(night_options));
        let old = stack(&first(&all, 8), &StackOptions::default(), &()).expect("a stack");
        let reference = old.report.frames.iter().find(|f| f.reference).expect("a reference").path.clone();
        assert_eq!(old.report.append, None);
        let added = append(&all, &kept(&old), &StackOptions::default(), &()).expect("a stack");
        let named = StackOptions::default().reference(Reference::Named(reference.clone()));
        let at_once = stack(&all, &named, &()).expect("a stack");
        let difference = difference(&added, &at_once);
        assert!(difference <= 1e-4, "{difference} of the noise");
        assert_eq!(added.footprint, at_once.footprint);
        assert_eq!(added.report.append, Some(Append::Exact));
        let fates = |s: &Stack| s.report.frames.iter().map(|f| (f.accepted, f.reason)).collect::<Vec<_>>();
        assert_eq!(fates(&added), fates(&at_once));
        assert!(added.report.frames.iter().any(|f| f.reference && f.path == reference));
        // In two steps, and in little memory.
        let step = append(&first(&all, 10), &kept(&old), &StackOptions::default(), &()).expect("a stack");
        let little = StackOptions::default().memory(Some(84 << 20));
        let twice = append(&all, &kept(&step), &little, &()).expect("a stack");
        assert!(self::difference(&twice, &added) <= 1e-4);
    }
}

#[test]
fn a_frame_given_again_is_a_duplicate() {
    let all = frames(&night(options()));
    let old = stack(&first(&all, 8), &StackOptions::default(), &()).expect("a stack");
    let mut more = MemoryFrames::default();
    for k in (0..9).chain([3]) {
        // The copy's name comes before those of the others.
        let name = if more.len() == 9 { "copy".to_owned() } else { all.name(k) };
        more.push(name, all.meta(k).expect("a header"), all.load(k).expect("pixels"));
    }
    let added = append(&more, &kept(&old), &StackOptions::default(), &()).expect("a stack");
    let fates: Vec<_> = added.report.frames.iter().map(|f| f.reason).collect();
    assert_eq!((fates[3], fates[9]), (None, Some(Reason::Duplicate)));
}

#[test]
fn where_old_frames_are_gone_the_new_ones_are_added_by_weight() {
    let all = frames(&night(options()));
    let options = StackOptions::default();
    let old = stack(&first(&all, 8), &options, &()).expect("a stack");
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("s.fits");
    write_fits(&old, &path, &WriteOptions::default()).expect("written");
    let state = kept(&old);

    let source = Part { all: &all, count: 12, gone: 2..4 };
    let Err(Error::RawsGone { gone: 2, frames: 8, first }) = append(&source, &state, &options, &()) else {
        panic!("two frames are gone")
    };
    assert!(first.contains(&all.name(2)) && first.contains("it is gone"), "{first}");

    // None of the old ones is needed.
    let source = Part { all: &all, count: 12, gone: 0..8 };
    let planes = read_planes(&path).expect("the stack");
    let added = append_linearly(&source, &state, planes.clone(), &options, &()).expect("a stack");
    assert_eq!(added.report.append, Some(Append::Approximate));
    assert_eq!((added.report.n_accepted, added.meta.n_images), (12, 12));
    let reference = old.report.frames.iter().find(|f| f.reference).expect("a reference").path.clone();
    let at_once = stack(&all, &options.clone().reference(Reference::Named(reference)), &()).expect("a stack");
    // The old frames' rims lie where the old solution had them.
    let moved = added.footprint.iter().zip(&at_once.footprint).filter(|(a, b)| a != b).count();
    assert!(moved < added.footprint.len() / 500, "{moved} pixels");
    let mut differences = Vec::new();
    for band in 0..3 {
        let planes = added.planes[band].iter().zip(&at_once.planes[band]);
        let noise = &at_once.noise.as_ref().expect("lsq tells").variance[band];
        for ((a, b), v) in planes.zip(noise).filter(|((a, b), _)| a.is_finite() && b.is_finite()) {
            differences.push((a - b).abs() / v.sqrt());
            // Stars as bright: of a core what a fifth of a pixel more or less in width may take.
            assert!((a - b).abs() < 0.2 * b + 8.0 * v.sqrt(), "{a} and {b}, noise {}", v.sqrt());
        }
        // Quartiles of a piece of sky, with some stars in it, and what VARIANCE tells of it.
        let piece = |plane: &Array2<f32>| {
            let mut values: Vec<f32> = plane.slice(s![200..400, 150..300]).iter().copied().collect();
            values.sort_by(f32::total_cmp);
            values
        };
        let sky = piece(&added.planes[band]);
        let measured = f64::from(sky[sky.len() * 3 / 4] - sky[sky.len() / 4]) / 1.349;
        let told = piece(&added.noise.as_ref().expect("both tell").variance[band]);
        let ratio = measured / f64::from(told[told.len() / 2]).sqrt();
        assert!((0.95..1.15).contains(&ratio), "noise {ratio} times what VARIANCE tells");
    }
    differences.sort_by(f32::total_cmp);
    let typical = 1.4826 * differences[differences.len() / 2];
    assert!(typical < 0.5, "{typical} of the noise from all at once");

    // More can be added to that, and the planes have to be the stack's.
    let again = append_linearly(&source, &state, added_planes(&old, 1.0), &options, &());
    assert!(matches!(again, Err(Error::Append(StateError::OtherStack))), "{:?}", again.map(|_| ()));
    assert_eq!(kept(&added).names().count(), 12);
}

/// The planes of a stack, all of them lifted.
fn added_planes(stack: &Stack, lift: f32) -> crowdsky_stack::Planes {
    crowdsky_stack::Planes {
        planes: stack.planes.each_ref().map(|plane| plane + lift),
        variance: stack.noise.as_ref().map(|noise| noise.variance.clone()),
        footprint: stack.footprint.clone(),
        rejected: stack.rejected.clone(),
    }
}

#[test]
fn other_pixels_options_and_references_are_refused() {
    let all = frames(&night(options().frames(8)));
    let old = stack(&first(&all, 6), &StackOptions::default(), &()).expect("a stack");
    let state = kept(&old);
    let mut other = MemoryFrames::default();
    for k in 0..8 {
        let from = if k == 1 { 7 } else { k };
        other.push(all.name(k), all.meta(k).expect("a header"), all.load(from).expect("pixels"));
    }
    let ended = append(&other, &state, &StackOptions::default(), &());
    assert!(
        matches!(&ended, Err(Error::RawsGone { gone: 1, first, .. }) if first.contains("other pixels")),
        "{:?}",
        ended.map(|_| ())
    );
    let ended = append(&all, &state, &StackOptions::default().method(Method::Mean), &());
    assert!(matches!(ended, Err(Error::Append(StateError::Options { .. }))), "{:?}", ended.map(|_| ()));
    let named = StackOptions::default().reference(Reference::Named(all.name(0)));
    let ended = append(&all, &state, &named, &());
    assert!(matches!(ended, Err(Error::Reference { .. })), "{:?}", ended.map(|_| ()));
}

#[test]
fn a_damaged_state_is_refused() {
    let all = frames(&night(options().frames(3)));
    let old = stack(&all, &StackOptions::default(), &()).expect("a stack");
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("s.state");
    write_state(&old.state, &path, false).expect("written");
    assert!(matches!(write_state(&old.state, &path, false), Err(Error::Exists(_))));
    let whole = std::fs::read(&path).expect("read");
    let damaged = |bytes: &[u8]| {
        std::fs::write(&path, bytes).expect("written");
        match read_state(&path) {
            Err(Error::State { source, .. }) => source,
            other => panic!("{:?}", other.map(|_| ())),
        }
    };
    assert_eq!(damaged(&whole[..10]), StateError::Unknown);
    assert_eq!(damaged(b"SIMPLE  =                    T"), StateError::Unknown);
    for at in [17, 30, 200, whole.len() / 2, whole.len() - 1] {
        damaged(&whole[..at]);
        let mut changed = whole.clone();
        changed[at] ^= 0x55;
        damaged(&changed);
    }
    damaged(&[&whole[..], &[0]].concat());
    std::fs::write(&path, &whole).expect("written");
    assert_eq!(read_state(&path).expect("the state").names().count(), 3);
}
