//! Which of mixed frames belong together: the largest group of equal size, filter, exposure and gain.

use crate::report::{Dropped, Reason};
use crowdsky_core::{Filter, FrameMeta};
use std::collections::BTreeMap;

/// What frames of one stack share. Exposure in milliseconds and gain in thousandths, to compare without rounding doubts.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Kind {
    size: (u32, u32),
    filter: Option<Filter>,
    exposure_ms: Option<i64>,
    gain_milli: Option<i64>,
}

impl Kind {
    fn of(meta: &FrameMeta, allow_mixed: bool) -> Kind {
        let milli = |v: Option<f64>| v.filter(|v| v.is_finite()).map(|v| (v * 1000.0).round() as i64);
        let size = (meta.width, meta.height);
        if allow_mixed {
            return Kind { size, filter: None, exposure_ms: None, gain_milli: None };
        }
        Kind {
            size,
            filter: meta.filter.clone(),
            exposure_ms: milli(meta.exptime),
            gain_milli: milli(meta.gain),
        }
    }

    /// In what a frame of this kind differs from those of `kept`.
    fn difference(&self, kept: &Kind) -> Dropped {
        let seconds =
            |ms: Option<i64>| ms.map_or("unknown".to_owned(), |ms| format!("{} s", ms as f64 / 1000.0));
        let filter = |f: &Option<Filter>| f.as_ref().map_or("unknown".to_owned(), ToString::to_string);
        let gain = |g: Option<i64>| g.map_or("unknown".to_owned(), |g| format!("{}", g as f64 / 1000.0));
        let hint = "stack them apart, or all together (allow_mixed; on the command line --allow-mixed)";
        if self.size != kept.size {
            let ((w, h), (kw, kh)) = (self.size, kept.size);
            Dropped::new(Reason::WrongSize, format!("{w} x {h} pixels, most frames have {kw} x {kh}"))
        } else if self.filter != kept.filter {
            let text =
                format!("FILTER {}, most frames have {}: {hint}", filter(&self.filter), filter(&kept.filter));
            Dropped::new(Reason::MixedFilter, text)
        } else if self.exposure_ms != kept.exposure_ms {
            let text = format!(
                "EXPTIME {}, most frames have {}: {hint}",
                seconds(self.exposure_ms),
                seconds(kept.exposure_ms)
            );
            Dropped::new(Reason::MixedExposure, text)
        } else {
            let text =
                format!("GAIN {}, most frames have {}: {hint}", gain(self.gain_milli), gain(kept.gain_milli));
            Dropped::new(Reason::MixedGain, text)
        }
    }
}

/// For each frame with a header, `None` if it belongs to the largest group, else why not. Of equally large groups the one
/// whose first frame comes first wins. Only the size must agree if `allow_mixed`.
pub(crate) fn outsiders(metas: &[Option<&FrameMeta>], allow_mixed: bool) -> Vec<Option<Dropped>> {
    let mut groups: BTreeMap<Kind, (usize, usize)> = BTreeMap::new();
    for (i, meta) in metas.iter().enumerate() {
        if let Some(meta) = meta {
            groups.entry(Kind::of(meta, allow_mixed)).or_insert((0, i)).0 += 1;
        }
    }
    let largest = groups
        .iter()
        .max_by_key(|(_, (count, first))| (*count, std::cmp::Reverse(*first)))
        .map(|(k, _)| k.clone());
    metas
        .iter()
        .map(|meta| {
            let (meta, kept) = ((*meta)?, largest.as_ref()?);
            let kind = Kind::of(meta, allow_mixed);
            (kind != *kept).then(|| kind.difference(kept))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn meta(width: u32, filter: Filter, exptime: f64, gain: f64) -> FrameMeta {
        let mut m = FrameMeta::new(width, 1920);
        (m.filter, m.exptime, m.gain) = (Some(filter), Some(exptime), Some(gain));
        m
    }

    #[test]
    fn the_largest_group_stays_and_each_other_frame_hears_why() {
        let metas = [
            meta(1080, Filter::Lp, 10.0, 80.0),
            meta(1080, Filter::IrCut, 10.0, 80.0),
            meta(1080, Filter::IrCut, 10.0, 80.0),
            meta(1080, Filter::IrCut, 20.0, 80.0),
            meta(1080, Filter::IrCut, 10.0, 200.0),
            meta(2160, Filter::IrCut, 10.0, 80.0),
        ];
        let refs: Vec<Option<&FrameMeta>> = metas.iter().map(Some).collect();
        let reasons: Vec<Option<Reason>> =
            outsiders(&refs, false).iter().map(|d| d.as_ref().map(|d| d.reason)).collect();
        let expected = [
            Some(Reason::MixedFilter),
            None,
            None,
            Some(Reason::MixedExposure),
            Some(Reason::MixedGain),
            Some(Reason::WrongSize),
        ];
        assert_eq!(reasons, expected);
        let mixed: Vec<bool> = outsiders(&refs, true).iter().map(Option::is_some).collect();
        assert_eq!(mixed, [false, false, false, false, false, true]);
        assert_eq!(outsiders(&[None], false), [None]);
    }
}
