//! The columns of the star table, for all who write or show it.

use super::StackStar as S;

/// A column: what it is called, its unit as FITS writes it, and where its values are.
#[derive(Debug, Clone, Copy)]
pub struct StarColumn {
    /// The name `sep.extract` gives it, or ours.
    pub name: &'static str,
    /// Empty for a number without one.
    pub unit: &'static str,
    /// What it takes from a star.
    pub value: StarValue,
}

/// What a column takes from a star.
#[derive(Debug, Clone, Copy)]
pub enum StarValue {
    /// A number.
    Real(fn(&S) -> f64),
    /// A whole number.
    Whole(fn(&S) -> i64),
}

const fn real(name: &'static str, unit: &'static str, value: fn(&S) -> f64) -> StarColumn {
    StarColumn { name, unit, value: StarValue::Real(value) }
}

const fn whole(name: &'static str, value: fn(&S) -> i64) -> StarColumn {
    StarColumn { name, unit: "", value: StarValue::Whole(value) }
}

/// The columns of `sep.extract` by their names and in their order, then ours.
pub const STAR_COLUMNS: [StarColumn; 38] = [
    real("thresh", "adu", |s| s.thresh),
    whole("npix", |s| s.npix),
    whole("tnpix", |s| s.tnpix),
    whole("xmin", |s| s.xmin),
    whole("xmax", |s| s.xmax),
    whole("ymin", |s| s.ymin),
    whole("ymax", |s| s.ymax),
    real("x", "pixel", |s| s.x),
    real("y", "pixel", |s| s.y),
    real("x2", "pixel2", |s| s.x2),
    real("y2", "pixel2", |s| s.y2),
    real("xy", "pixel2", |s| s.xy),
    real("errx2", "pixel2", |s| s.errx2),
    real("erry2", "pixel2", |s| s.erry2),
    real("errxy", "pixel2", |s| s.errxy),
    real("a", "pixel", |s| s.a),
    real("b", "pixel", |s| s.b),
    real("theta", "rad", |s| s.theta),
    real("cxx", "pixel-2", |s| s.cxx),
    real("cyy", "pixel-2", |s| s.cyy),
    real("cxy", "pixel-2", |s| s.cxy),
    real("cflux", "adu", |s| s.cflux),
    real("flux", "adu", |s| s.flux),
    real("cpeak", "adu", |s| s.cpeak),
    real("peak", "adu", |s| s.peak),
    whole("xcpeak", |s| s.xcpeak),
    whole("ycpeak", |s| s.ycpeak),
    whole("xpeak", |s| s.xpeak),
    whole("ypeak", |s| s.ypeak),
    whole("flag", |s| s.flag),
    real("fluxerr", "adu", |s| s.fluxerr),
    real("snr", "", |s| s.snr),
    real("fwhm", "pixel", |s| s.fwhm),
    real("xwin", "pixel", |s| s.xwin),
    real("ywin", "pixel", |s| s.ywin),
    real("flux_r", "adu", |s| s.flux_r),
    real("flux_g", "adu", |s| s.flux_g),
    real("flux_b", "adu", |s| s.flux_b),
];
