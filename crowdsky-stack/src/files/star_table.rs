//! The table STAR-TAB.

use crate::stack::Stack;
use crowdsky_fits::{FitsWriter, Header, NewColumn};
use std::io::Write;

/// STAR-TAB: the columns of `sep.extract` by their names, then ours.
pub(super) fn write_stars<W: Write>(
    writer: &mut FitsWriter<W>,
    stack: &Stack,
) -> Result<(), crowdsky_fits::Error> {
    use crate::catalogue::StackStar as S;
    type Real = (&'static str, &'static str, fn(&S) -> f64);
    type Whole = (&'static str, fn(&S) -> i64);
    let whole_before: [Whole; 6] = [
        ("npix", |s| s.npix),
        ("tnpix", |s| s.tnpix),
        ("xmin", |s| s.xmin),
        ("xmax", |s| s.xmax),
        ("ymin", |s| s.ymin),
        ("ymax", |s| s.ymax),
    ];
    let real: [Real; 18] = [
        ("x", "pixel", |s| s.x),
        ("y", "pixel", |s| s.y),
        ("x2", "pixel2", |s| s.x2),
        ("y2", "pixel2", |s| s.y2),
        ("xy", "pixel2", |s| s.xy),
        ("errx2", "pixel2", |s| s.errx2),
        ("erry2", "pixel2", |s| s.erry2),
        ("errxy", "pixel2", |s| s.errxy),
        ("a", "pixel", |s| s.a),
        ("b", "pixel", |s| s.b),
        ("theta", "rad", |s| s.theta),
        ("cxx", "pixel-2", |s| s.cxx),
        ("cyy", "pixel-2", |s| s.cyy),
        ("cxy", "pixel-2", |s| s.cxy),
        ("cflux", "adu", |s| s.cflux),
        ("flux", "adu", |s| s.flux),
        ("cpeak", "adu", |s| s.cpeak),
        ("peak", "adu", |s| s.peak),
    ];
    let whole_after: [Whole; 5] = [
        ("xcpeak", |s| s.xcpeak),
        ("ycpeak", |s| s.ycpeak),
        ("xpeak", |s| s.xpeak),
        ("ypeak", |s| s.ypeak),
        ("flag", |s| s.flag),
    ];
    let ours: [Real; 9] = [
        ("fluxerr", "adu", |s| s.fluxerr),
        ("snr", "", |s| s.snr),
        ("fwhm", "pixel", |s| s.fwhm),
        ("xwin", "pixel", |s| s.xwin),
        ("ywin", "pixel", |s| s.ywin),
        ("flux_r", "adu", |s| s.flux_r),
        ("flux_g", "adu", |s| s.flux_g),
        ("flux_b", "adu", |s| s.flux_b),
        // The stack is not solved: the sky position is not known.
        ("ra", "deg", |_| f64::NAN),
    ];
    let stars = &stack.stars;
    let reals = |get: fn(&S) -> f64| stars.iter().map(get).collect::<Vec<f64>>();
    let wholes = |get: fn(&S) -> i64| stars.iter().map(get).collect::<Vec<i64>>();
    let thresh = reals(|s| s.thresh);
    let before: Vec<Vec<i64>> = whole_before.iter().map(|c| wholes(c.1)).collect();
    let middle: Vec<Vec<f64>> = real.iter().map(|c| reals(c.2)).collect();
    let after: Vec<Vec<i64>> = whole_after.iter().map(|c| wholes(c.1)).collect();
    let last: Vec<Vec<f64>> = ours.iter().map(|c| reals(c.2)).collect();
    let dec = vec![f64::NAN; stars.len()];
    let mut columns = vec![NewColumn::new("thresh", &thresh[..]).unit("adu")];
    columns.extend(whole_before.iter().zip(&before).map(|(c, v)| NewColumn::new(c.0, &v[..])));
    columns.extend(real.iter().zip(&middle).map(|(c, v)| NewColumn::new(c.0, &v[..]).unit(c.1)));
    columns.extend(whole_after.iter().zip(&after).map(|(c, v)| NewColumn::new(c.0, &v[..])));
    columns.extend(ours.iter().zip(&last).map(|(c, v)| NewColumn::new(c.0, &v[..]).unit(c.1)));
    columns.push(NewColumn::new("dec", &dec[..]).unit("deg"));
    writer.write_table("STAR-TAB", &Header::new(), &columns)
}
