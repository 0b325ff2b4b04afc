//! How much an alt-azimuth mount lets the field turn.

use crowdsky_core::FrameMeta;

/// The parallactic angle (radians) of the field that `meta` tells of: its change over time is the field's rotation.
///
/// `tan q = sin H / (tan(lat) cos(dec) - sin(dec) cos H)` (Meeus, Astronomical Algorithms, 14.1). The hour angle comes from
/// DATE-OBS, SITELONG and RA; the mean sidereal time is good to a second until 2100. `None` if a card is missing or the
/// mount says that it tracks equatorially.
pub(crate) fn parallactic_angle(meta: &FrameMeta) -> Option<f64> {
    if meta.eq_mode == Some(true) {
        return None;
    }
    let (pos, lat, long) = (meta.pointing?, meta.site_lat?, meta.site_long?);
    if !(lat.abs() <= 90.0 && long.abs() <= 360.0) {
        return None;
    }
    // Days since J2000.0 (2000-01-01T12:00).
    let days = meta.date_obs?.micros() as f64 / 86_400e6 - 10_957.5;
    let sidereal = 280.460_618_37 + 360.985_647_366_29 * days + long;
    let hour = (sidereal - pos.ra()).to_radians();
    let (dec, lat) = (pos.dec().to_radians(), lat.to_radians());
    let q = hour.sin().atan2(lat.tan() * dec.cos() - dec.sin() * hour.cos());
    q.is_finite().then_some(q)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crowdsky_core::{SkyPos, UtcTime};

    /// Rate against the formula of field rotation, w = 15.041 deg/h cos(lat) cos(az) / cos(alt), on the meridian in the
    /// south at altitude 60 and latitude 45 (so declination 15): 21.27 deg/h.
    #[test]
    fn the_rate_on_the_meridian_is_known() {
        let mut meta = FrameMeta::new(1080, 1920);
        (meta.site_lat, meta.site_long) = (Some(45.0), Some(0.0));
        // 2000-01-01T12:00 at longitude 0: sidereal time 280.4606 degrees, so this right ascension culminates.
        meta.pointing = SkyPos::new(280.460_618_37, 15.0).ok();
        meta.date_obs = UtcTime::parse_date_obs("2000-01-01T12:00:00").ok();
        let q0 = parallactic_angle(&meta).expect("all cards are there");
        meta.date_obs = UtcTime::parse_date_obs("2000-01-01T12:06:00").ok();
        let q1 = parallactic_angle(&meta).expect("all cards are there");
        let rate = (q1 - q0).to_degrees() * 10.0;
        assert!(q0.abs() < 1e-6 && (rate - 21.27).abs() < 0.1, "{rate} deg/h");
        meta.eq_mode = Some(true);
        assert!(parallactic_angle(&meta).is_none());
    }
}
