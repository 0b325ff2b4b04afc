//! What a finished stack says of itself: the facts its header is written from.

use crate::{ChunkKey, Filter, FrameMeta, SkyPos, UtcTime};

/// Facts about a stack. Plain data: `crowdsky-fits` turns it into cards.
#[derive(Debug, Clone, PartialEq, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(default))]
pub struct StackMeta {
    /// OBJECT.
    pub object: Option<String>,
    /// TELESCOP; `None` when frames of several telescopes were mixed.
    pub telescope: Option<String>,
    /// INSTRUME.
    pub instrument: Option<String>,
    /// FILTER.
    pub filter: Option<Filter>,
    /// GAIN.
    pub gain: Option<f64>,
    /// FOCALLEN: millimetres.
    pub focal_length_mm: Option<f64>,
    /// XPIXSZ, YPIXSZ: micrometres.
    pub pixel_size_um: Option<f64>,
    /// RA and DEC, degrees, of the earliest accepted frame.
    pub pointing: Option<SkyPos>,
    /// DATE-OBS, OB-START: start of the first accepted exposure.
    pub date_obs: Option<UtcTime>,
    /// DATE-END, OB-END: end of the last accepted exposure (its start, where EXPTIME is unknown).
    pub date_end: Option<UtcTime>,
    /// DATE-AVG: mean of the exposures' midpoints, weighted by exposure time.
    pub date_avg: Option<UtcTime>,
    /// Seconds of one exposure, where all agree.
    pub exptime_frame: Option<f64>,
    /// EXPTIME: total seconds of the accepted frames.
    pub exptime_total: f64,
    /// NIMAGES, STACKCNT: frames accepted.
    pub n_images: u32,
    /// NFRAMES: frames given.
    pub n_input: u32,
    /// CHUNKKEY: position key of the earliest accepted frame.
    pub position_key: Option<ChunkKey>,
    /// HPXKEY: HEALPix key of the earliest accepted frame.
    pub healpix_key: Option<ChunkKey>,
    /// SITELAT, degrees north; set only when the user keeps the location.
    pub site_lat: Option<f64>,
    /// SITELONG, degrees east; likewise.
    pub site_long: Option<f64>,
}

impl StackMeta {
    /// The facts of a stack made of the `accepted` ones of `n_input` frames.
    ///
    /// A fact the frames do not share (a telescope, a gain) is left out, for any choice would be wrong. The site is
    /// left out always: to keep it is the user's decision.
    pub fn from_frames<'a>(accepted: impl IntoIterator<Item = &'a FrameMeta>, n_input: u32) -> StackMeta {
        let frames: Vec<&FrameMeta> = accepted.into_iter().collect();
        let earliest = frames.iter().filter(|f| f.date_obs.is_some()).min_by_key(|f| f.date_obs);
        let key_frame = earliest.or(frames.first());
        StackMeta {
            object: shared(&frames, |f| f.object.clone()),
            telescope: shared(&frames, |f| f.telescope.clone()),
            instrument: shared(&frames, |f| f.instrument.clone()),
            filter: shared(&frames, |f| f.filter.clone()),
            gain: shared(&frames, |f| f.gain),
            focal_length_mm: shared(&frames, |f| f.focal_length_mm),
            pixel_size_um: shared(&frames, |f| f.pixel_size_um),
            pointing: key_frame.and_then(|f| f.pointing),
            date_obs: earliest.and_then(|f| f.date_obs),
            date_end: frames.iter().filter_map(|f| f.date_end().or(f.date_obs)).max(),
            date_avg: mean_midpoint(&frames),
            exptime_frame: shared(&frames, |f| f.exptime),
            exptime_total: frames.iter().filter_map(|f| exposure(f)).fold(0.0, |sum, t| sum + t),
            n_images: u32::try_from(frames.len()).unwrap_or(u32::MAX),
            n_input,
            position_key: key_frame.and_then(|f| f.position_key()),
            healpix_key: key_frame.and_then(|f| f.healpix_key()),
            site_lat: None,
            site_long: None,
        }
    }
}

/// The value all frames have, if they agree.
fn shared<T: PartialEq>(frames: &[&FrameMeta], fact: impl Fn(&FrameMeta) -> Option<T>) -> Option<T> {
    let first = fact(frames.first()?)?;
    frames.iter().all(|f| fact(f).as_ref() == Some(&first)).then_some(first)
}

/// Seconds a frame adds: EXPTIME, where it is a length of time at all.
fn exposure(frame: &FrameMeta) -> Option<f64> {
    frame.exptime.filter(|t| t.is_finite() && *t > 0.0)
}

fn mean_midpoint(frames: &[&FrameMeta]) -> Option<UtcTime> {
    // Offsets from one frame keep the microseconds, which a sum of times since 1970 would lose.
    let origin = frames.iter().find_map(|f| f.date_obs)?;
    let (mut sum, mut weight) = (0.0, 0.0);
    for (start, exptime) in frames.iter().filter_map(|f| Some((f.date_obs?, exposure(f)?))) {
        sum += exptime * (start.seconds_since(origin) + exptime / 2.0);
        weight += exptime;
    }
    (weight > 0.0).then(|| origin.plus_seconds(sum / weight))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(date: &str, exptime: f64, telescope: &str) -> FrameMeta {
        let mut f = FrameMeta::new(8, 6);
        f.date_obs = UtcTime::parse_date_obs(date).ok();
        f.exptime = Some(exptime);
        f.telescope = Some(telescope.into());
        f.pointing = SkyPos::new(10.0, 20.0).ok();
        f.site_lat = Some(1.0);
        f
    }

    #[test]
    fn times_span_all_frames_in_any_order() {
        let frames = [frame("2025-03-27T01:20:30", 30.0, "A"), frame("2025-03-27T01:20:00", 10.0, "A")];
        let meta = StackMeta::from_frames(&frames, 5);
        let text = |t: Option<UtcTime>| t.map(|t| t.to_string()).unwrap_or_default();
        assert_eq!(text(meta.date_obs), "2025-03-27T01:20:00.000");
        assert_eq!(text(meta.date_end), "2025-03-27T01:21:00.000");
        // (10 s x 5 s + 30 s x 45 s) / 40 s = 35 s.
        assert_eq!(text(meta.date_avg), "2025-03-27T01:20:35.000");
        assert_eq!((meta.exptime_total, meta.exptime_frame, meta.n_images, meta.n_input), (40.0, None, 2, 5));
        assert_eq!(meta.telescope.as_deref(), Some("A"));
        assert_eq!(meta.position_key, frames[1].position_key());
        assert_eq!(meta.site_lat, None);
    }

    #[test]
    fn what_differs_is_left_out() {
        let frames = [frame("2025-03-27T01:20:30", 10.0, "A"), frame("2025-03-27T01:20:45", 10.0, "B")];
        let meta = StackMeta::from_frames(&frames, 2);
        assert_eq!(meta.telescope, None);
        assert_eq!(meta.exptime_frame, Some(10.0));
        let odd = [frame("2025-03-27T01:20:30", f64::NAN, "A"), frame("2025-03-27T01:20:45", -1.0, "A")];
        assert_eq!(
            (StackMeta::from_frames(&odd, 2).exptime_total, StackMeta::from_frames(&odd, 2).date_avg),
            (0.0, None)
        );
        assert_eq!(StackMeta::from_frames([], 3), StackMeta { n_input: 3, ..StackMeta::default() });
    }
}
