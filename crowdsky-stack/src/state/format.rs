//! A state as bytes: version 1.

use super::codec::{Decoder, Encoder};
use super::{Known, State, StateError};
use crate::analyse::Analysed;
use crate::background::SkyMesh;
use crate::mosaic::Mosaic;
use crate::options::{Method, StackOptions};
use crate::report::{Dropped, Reason};
use crate::stars::{Detection, MAX_STARS, Star};
use crate::transform::Transform;
use crowdsky_core::{BayerPattern, Filter, FrameMeta, SkyPos, UtcTime};
use std::io::{self, Read, Write};

const MAGIC: [u8; 16] = *b"CrowdSky state\n\x01";
/// A FOOTPRINT counts no more frames that are in a stack; three times as many may have been dropped.
const MOST_FRAMES: usize = 4 * u16::MAX as usize;
/// Photosites of a frame, as the readers of frames allow.
const MOST_PIXELS: u64 = 1 << 29;
/// A sensor with more defects is broken.
const MOST_DEFECTS: usize = 1 << 20;

const METHODS: [Method; 4] = [Method::Auto, Method::Lsq, Method::Mean, Method::Median];
const PATTERNS: [BayerPattern; 4] =
    [BayerPattern::Rggb, BayerPattern::Bggr, BayerPattern::Grbg, BayerPattern::Gbrg];

/// Writes `state`.
///
/// # Errors
/// Those of the sink.
pub(crate) fn encode(state: &State, sink: impl Write) -> io::Result<()> {
    let mut out = Encoder::new(sink);
    out.bytes(&MAGIC)?;
    out.u8(METHODS.iter().position(|&m| m == state.method).unwrap_or(0) as u8)?;
    out.f64(state.sigma)?;
    out.u8(u8::from(state.allow_mixed))?;
    out.u8(u8::from(state.share))?;
    out.count(state.reference)?;
    out.u64(state.planes)?;
    out.count(state.frames.len())?;
    for frame in &state.frames {
        out.text(&frame.name)?;
        put_meta(&mut out, &frame.meta)?;
        out.option(frame.fingerprint, Encoder::u64)?;
        out.option(frame.analysed.as_ref(), put_analysed)?;
        out.option(frame.dropped.as_ref(), |out, dropped| {
            out.text(dropped.reason.as_str())?;
            out.text(&dropped.detail)
        })?;
        out.option(frame.link, |out, link| link.rows.iter().flatten().try_for_each(|&v| out.f64(v)))?;
        out.f64(frame.transparency)?;
    }
    out.count(state.defects.len())?;
    for (telescope, sites) in &state.defects {
        out.option(telescope.as_deref(), Encoder::text)?;
        out.count(sites.len())?;
        sites.iter().try_for_each(|&site| out.u32(site))?;
    }
    out.finish()
}

/// Reads a state, of which nothing is believed that is not checked; memory is taken as its bytes arrive.
///
/// # Errors
/// [`StateError::Unknown`], [`StateError::Damaged`].
pub(crate) fn decode(source: impl Read) -> Result<State, StateError> {
    let mut from = Decoder::new(source);
    if from.array::<16>().map_err(|_| StateError::Unknown)? != MAGIC {
        return Err(StateError::Unknown);
    }
    let method = *METHODS.get(from.u8()? as usize).ok_or(StateError::Damaged("no method has this number"))?;
    let sigma = from.f64()?;
    if StackOptions::default().sigma(sigma).is_err() {
        return Err(StateError::Damaged("its sigma is out of range"));
    }
    let (allow_mixed, share) = (from.flag()?, from.flag()?);
    let reference = from.count(MOST_FRAMES)?;
    let planes = from.u64()?;
    let n = from.count(MOST_FRAMES)?;
    let mut frames = Vec::new();
    for _ in 0..n {
        frames.push(get_known(&mut from)?);
    }
    let mut defects = Vec::new();
    for _ in 0..from.count(MOST_FRAMES)? {
        let telescope = from.option(Decoder::text)?;
        let mut sites = Vec::new();
        for _ in 0..from.count(MOST_DEFECTS)? {
            sites.push(from.u32()?);
        }
        defects.push((telescope, sites));
    }
    from.finish()?;
    let usable = |f: &Known| f.analysed.is_some() && f.dropped.is_none();
    if !frames.get(reference).is_some_and(usable) {
        return Err(StateError::Damaged("its reference is not one of its frames"));
    }
    let size = (frames[reference].meta.width, frames[reference].meta.height);
    if frames.iter().any(|f| f.analysed.is_some() && (f.meta.width, f.meta.height) != size) {
        return Err(StateError::Damaged("its frames differ in size"));
    }
    Ok(State { method, sigma, allow_mixed, share, reference, planes, frames, defects })
}

fn get_known<R: Read>(from: &mut Decoder<R>) -> Result<Known, StateError> {
    let name = from.text()?;
    let meta = get_meta(from)?;
    let fingerprint = from.option(Decoder::u64)?;
    let analysed = from.option(|from| get_analysed(from, (meta.width as usize, meta.height as usize)))?;
    let dropped = from.option(|from| {
        let word = from.text()?;
        let reason = Reason::ALL.into_iter().find(|r| r.as_str() == word);
        let reason = reason.ok_or(StateError::Damaged("no reason is called that"))?;
        Ok(Dropped::new(reason, from.text()?))
    })?;
    let link = from.option(|from| {
        let [a, b, c, d, e, f] = from.f64s()?;
        Ok(Transform { rows: [[a, b, c], [d, e, f]] })
    })?;
    let transparency = from.f64()?;
    if transparency <= 0.0 || link.is_some_and(|l| l.invert().is_none()) {
        return Err(StateError::Damaged("a frame is not where and as bright as frames are"));
    }
    Ok(Known { name, meta, fingerprint, analysed, dropped, link, transparency })
}

/// What the header of a stack is made of, but for the site.
fn put_meta<W: Write>(out: &mut Encoder<W>, meta: &FrameMeta) -> io::Result<()> {
    out.u32(meta.width)?;
    out.u32(meta.height)?;
    let filter = meta.filter.as_ref().map(ToString::to_string);
    for text in [&meta.object, &meta.telescope, &meta.instrument, &filter] {
        out.option(text.as_deref(), Encoder::text)?;
    }
    for number in [meta.exptime, meta.gain, meta.focal_length_mm, meta.pixel_size_um] {
        out.option(number.filter(|v| v.is_finite()), Encoder::f64)?;
    }
    out.option(meta.date_obs, |out, time| out.u64(time.micros() as u64))?;
    out.option(meta.pointing, |out, pos| {
        out.f64(pos.ra())?;
        out.f64(pos.dec())
    })
}

fn get_meta<R: Read>(from: &mut Decoder<R>) -> Result<FrameMeta, StateError> {
    let mut meta = FrameMeta::new(from.u32()?, from.u32()?);
    if u64::from(meta.width) * u64::from(meta.height) > MOST_PIXELS {
        return Err(StateError::Damaged("a frame has too many pixels"));
    }
    meta.object = from.option(Decoder::text)?;
    meta.telescope = from.option(Decoder::text)?;
    meta.instrument = from.option(Decoder::text)?;
    meta.filter = from.option(Decoder::text)?.and_then(|text| text.parse::<Filter>().ok());
    meta.exptime = from.option(Decoder::f64)?;
    meta.gain = from.option(Decoder::f64)?;
    meta.focal_length_mm = from.option(Decoder::f64)?;
    meta.pixel_size_um = from.option(Decoder::f64)?;
    let time = from.option(Decoder::u64)?.map(|micros| UtcTime::from_micros(micros as i64));
    meta.date_obs = time.transpose().map_err(|_| StateError::Damaged("a time is out of range"))?;
    let place = from.option(|from| Ok(SkyPos::new(from.f64()?, from.f64()?)))?;
    meta.pointing = place.transpose().map_err(|_| StateError::Damaged("a pointing is out of range"))?;
    Ok(meta)
}

fn put_analysed<W: Write>(out: &mut Encoder<W>, analysed: &Analysed) -> io::Result<()> {
    out.u8(PATTERNS.iter().position(|&p| p == analysed.pattern).unwrap_or(0) as u8)?;
    for plane in analysed.sky.levels() {
        plane.iter().try_for_each(|&v| out.f32(v))?;
    }
    analysed.sky.noise().into_iter().try_for_each(|v| out.f32(v))?;
    out.option(Some(analysed.detection.fwhm).filter(|v| v.is_finite()), Encoder::f64)?;
    out.count(analysed.detection.stars.len())?;
    for s in &analysed.detection.stars {
        let numbers = [s.x, s.y, s.flux[0], s.flux[1], s.flux[2], s.snr, s.fwhm];
        numbers.into_iter().chain(s.covariance).try_for_each(|v| out.f64(v))?;
        out.u8(u8::from(s.saturated))?;
    }
    Ok(())
}

fn get_analysed<R: Read>(from: &mut Decoder<R>, size: (usize, usize)) -> Result<Analysed, StateError> {
    if size.0 < Mosaic::MIN_SIDE || size.1 < Mosaic::MIN_SIDE {
        return Err(StateError::Damaged("a frame is too small to have been measured"));
    }
    let pattern =
        *PATTERNS.get(from.u8()? as usize).ok_or(StateError::Damaged("no pattern has this number"))?;
    let cells = SkyMesh::cells(size);
    let mut levels: [Vec<f32>; 3] = Default::default();
    for plane in &mut levels {
        for _ in 0..cells.0 * cells.1 {
            plane.push(from.f32()?);
        }
    }
    let noise = [from.f32()?, from.f32()?, from.f32()?];
    let sky = SkyMesh::of_levels(size, levels, noise);
    let fwhm = from.option(Decoder::f64)?.unwrap_or(f64::NAN);
    let mut stars = Vec::new();
    for _ in 0..from.count(MAX_STARS)? {
        let [x, y, r, g, b, snr, fwhm, xx, xy, yy] = from.f64s()?;
        let saturated = from.flag()?;
        stars.push(Star { x, y, flux: [r, g, b], snr, fwhm, covariance: [xx, xy, yy], saturated });
    }
    Ok(Analysed { pattern, sky, detection: Detection { stars, fwhm } })
}

#[cfg(test)]
mod tests {
    use super::super::codec::sum_of;
    use super::*;
    use proptest::prelude::*;

    fn state() -> State {
        let mut meta = FrameMeta::new(96, 64);
        meta.object = Some("M 94".to_owned());
        meta.telescope = Some("Seestar S50".to_owned());
        meta.filter = Some(Filter::Lp);
        meta.exptime = Some(10.0);
        meta.date_obs = UtcTime::parse_date_obs("2025-03-27T01:20:32.955368").ok();
        meta.pointing = SkyPos::new(193.04, 40.97).ok();
        let star = Star {
            x: 31.5,
            y: 7.0 / 3.0,
            flux: [1.0, 2.5, -0.5],
            snr: 33.0,
            fwhm: 2.8,
            covariance: [1e-4, -1e-6, 2e-4],
            saturated: true,
        };
        let levels = [0, 1, 2].map(|b| vec![900.1 + b as f32; 2]);
        let analysed = Analysed {
            pattern: BayerPattern::Grbg,
            sky: SkyMesh::of_levels((96, 64), levels, [5.5, 5.25, 5.125]),
            detection: Detection { stars: vec![star; 3], fwhm: 2.8 },
        };
        let good = Known {
            name: "night/a.fit".to_owned(),
            meta,
            fingerprint: Some(u64::MAX),
            analysed: Some(analysed),
            dropped: None,
            link: Some(Transform::rigid(0.1, 3.0, -2.0)),
            transparency: 1.01,
        };
        let mut lost = good.clone();
        (lost.analysed, lost.link, lost.fingerprint) = (None, None, None);
        lost.dropped = Some(Dropped::new(Reason::Unreadable, "cannot be opened"));
        lost.meta = FrameMeta::new(0, 0);
        State {
            method: Method::Auto,
            sigma: 4.0,
            allow_mixed: false,
            share: true,
            reference: 1,
            planes: 42,
            frames: vec![lost, good],
            defects: vec![(None, vec![]), (Some("Seestar S50".to_owned()), vec![7, 9, 4711])],
        }
    }

    fn bytes() -> Vec<u8> {
        let mut out = Vec::new();
        encode(&state(), &mut out).expect("memory takes all");
        out
    }

    #[test]
    fn what_is_written_is_read() {
        let back = decode(&bytes()[..]).expect("a state");
        assert_eq!(format!("{back:?}"), format!("{:?}", state()));
    }

    proptest! {
        #[test]
        fn nothing_that_is_in_it_does_harm(changes in proptest::collection::vec((16usize..2000, any::<u8>()), 1..4), cut in any::<bool>()) {
            let mut changed = bytes();
            changed.truncate(changed.len() - 8);
            for (at, value) in changes {
                let at = at % changed.len();
                if at >= 16 {
                    changed[at] = value;
                }
                if cut {
                    changed.truncate(at.max(17));
                }
            }
            // With a sum that is right, what is inside has to be checked.
            let sum = sum_of(&changed);
            changed.extend(sum);
            if let Ok(state) = decode(&changed[..]) {
                let reference = &state.frames[state.reference];
                prop_assert!(reference.analysed.is_some() && reference.dropped.is_none());
                let analysed = state.frames.iter().filter_map(|f| f.analysed.as_ref());
                for star in analysed.flat_map(|a| &a.detection.stars) {
                    prop_assert!(star.x.is_finite() && star.flux.iter().all(|f| f.is_finite()));
                }
            }
        }
    }
}
