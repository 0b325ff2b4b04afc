//! What a raw frame's pixels show: how good it is, and a picture of it.

use crowdsky_core::BayerPattern;
use crowdsky_fits::{Limits, frame_meta, read_raw_u16};
use crowdsky_stack::{Mosaic, SkyMesh, detect};

/// Largest frame that is taken, bytes of pixels: 16 million of them, twice that of any Seestar.
const MAX_PIXELS: u64 = 16 << 20;

/// Why a file shows nothing.
#[derive(Debug, thiserror::Error)]
pub enum NoPixels {
    /// It is no raw frame, or cut off.
    #[error("{0}")]
    Fits(#[from] crowdsky_fits::Error),
    /// Its pixels make no frame.
    #[error("{0}")]
    Frame(#[from] crowdsky_stack::Error),
}

/// How good a frame is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Quality {
    /// Stars found.
    pub stars: usize,
    /// Median width of the stars at half maximum, px; NaN without stars.
    pub fwhm: f64,
    /// Level of the sky, ADU: the mean of the bands' medians.
    pub sky: f64,
}

/// A picture: red, green, blue and 255, row by row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picture {
    /// Columns.
    pub width: usize,
    /// Rows.
    pub height: usize,
    /// `4 * width * height` bytes.
    pub rgba: Vec<u8>,
}

/// Stars, their width and the sky of a raw frame, of whose file these are all bytes.
///
/// # Errors
/// A file that is no raw frame.
pub fn quality_of(bytes: &[u8]) -> Result<Quality, NoPixels> {
    let mosaic = mosaic(bytes)?;
    let sky = SkyMesh::measure(&mosaic);
    let found = detect(&mosaic, &sky);
    let level = sky.median().iter().map(|level| f64::from(*level)).sum::<f64>() / 3.0;
    Ok(Quality { stars: found.stars.len(), fwhm: found.fwhm, sky: level })
}

/// A picture of a raw frame, at most `longest` pixels long: the mean of the photosites of each colour in whole cells, the sky dark grey,
/// what is brighter lifted by an inverse hyperbolic sine (Lupton et al. 2004, PASP 116, 133), and the colour of its neighbourhood.
///
/// # Errors
/// A file that is no raw frame.
pub fn picture_of(bytes: &[u8], longest: usize) -> Result<Picture, NoPixels> {
    let mosaic = mosaic(bytes)?;
    // No frame is longer than 2^16, and twice that fits 32 bits.
    let step = 2 * mosaic.width().max(mosaic.height()).div_ceil(2 * longest.clamp(1, 1 << 16)).max(1);
    let (width, height) = ((mosaic.width() / step).max(1), (mosaic.height() / step).max(1));
    let mut planes = [const { Vec::new() }; 3];
    for top in 0..height {
        for left in 0..width {
            for (plane, mean) in planes.iter_mut().zip(means(&mosaic, left * step, top * step, step)) {
                plane.push(mean);
            }
        }
    }
    // Above the sky, in units of the noise of the fainter half: stars and nebulae widen the other.
    let mut noise = 1f32;
    for plane in &mut planes {
        let values = sorted(plane.iter().copied());
        let (sky, quarter) = (values[values.len() / 2], values[values.len() / 4]);
        plane.iter_mut().for_each(|value| *value -= sky);
        noise = noise.max((sky - quarter) / 0.6745);
    }
    whiten(&mut planes);
    let light: Vec<f32> = (0..width * height)
        .map(|i| planes.iter().map(|plane| plane[i]).sum::<f32>() / (3.0 * noise))
        .collect();
    let order = sorted(light.iter().copied());
    let white = order[(order.len() - 1) * 997 / 1000].max(15.0);
    let around = planes.each_ref().map(|plane| window_means(plane, width));
    let mut rgba = vec![255; 4 * width * height];
    for (i, pixel) in rgba.chunks_exact_mut(4).enumerate() {
        let grey = (8.0 * ((light[i] + 1.2) / (white + 1.2)).clamp(0.0, 1.0)).asinh() / 8f32.asinh();
        let mean = around.iter().map(|plane| plane[i]).sum::<f32>() / 3.0;
        for (byte, plane) in pixel.iter_mut().zip(&around) {
            // Colour of the neighbourhood, which has a fifth of the noise, and none where there is little light.
            let tint = 1.0 + (plane[i] - mean) / (mean.max(0.0) + 3.0 * noise);
            *byte = (255.0 * grey * tint.clamp(0.6, 1.5)).min(255.0) as u8;
        }
    }
    Ok(Picture { width, height, rgba })
}

/// Scales the bands so that what is brightest is white on the whole: the sensor's green is twice its red.
fn whiten(planes: &mut [Vec<f32>; 3]) {
    let light: Vec<f32> = (0..planes[0].len()).map(|i| planes.iter().map(|plane| plane[i]).sum()).collect();
    let order = sorted(light.iter().copied());
    let bright = order[(order.len() - 1) * 995 / 1000];
    let sums = planes.each_ref().map(|plane| {
        plane.iter().zip(&light).filter(|(_, light)| **light >= bright).map(|(value, _)| value).sum::<f32>()
    });
    let mean = sums.iter().sum::<f32>() / 3.0;
    for (plane, sum) in planes.iter_mut().zip(sums) {
        // Beyond that it is no camera's balance, but a field of one colour.
        let gain = if sum > 0.0 { (mean / sum).clamp(0.5, 2.0) } else { 1.0 };
        plane.iter_mut().for_each(|value| *value *= gain);
    }
}

/// Mean of the 5 x 5 pixels around each, as far as they lie in the picture.
fn window_means(plane: &[f32], width: usize) -> Vec<f32> {
    let height = plane.len() / width;
    let near = |at: usize, end: usize| at.saturating_sub(2)..(at + 3).min(end);
    let mean = |x: usize, y: usize| {
        let rows = near(y, height).flat_map(|y| &plane[y * width..][near(x, width)]);
        let (sum, count) = rows.fold((0.0, 0.0), |(sum, count), value| (sum + value, count + 1.0));
        sum / count
    };
    (0..plane.len()).map(|i| mean(i % width, i / width)).collect()
}

/// Mean of each band in the square of `step` pixels, those of it that lie in the frame.
fn means(mosaic: &Mosaic, left: usize, top: usize, step: usize) -> [f32; 3] {
    let (mut sums, mut counts) = ([0u64; 3], [0u64; 3]);
    for y in top..(top + step).min(mosaic.height()) {
        let row = mosaic.row(y);
        for (x, value) in row.iter().enumerate().take(left + step).skip(left) {
            let band = mosaic.pattern().band(x, y).index();
            sums[band] += u64::from(*value);
            counts[band] += 1;
        }
    }
    std::array::from_fn(|band| sums[band] as f32 / counts[band].max(1) as f32)
}

fn sorted(values: impl Iterator<Item = f32>) -> Vec<f32> {
    let mut values: Vec<f32> = values.collect();
    values.sort_unstable_by(f32::total_cmp);
    values
}

fn mosaic(bytes: &[u8]) -> Result<Mosaic, NoPixels> {
    let limits = Limits { pixels: MAX_PIXELS, data_bytes: 4 * MAX_PIXELS, ..Limits::default() };
    let frame = read_raw_u16(bytes, &limits)?;
    // Every Seestar so far is GRBG; a card that nobody can read shall not hide the picture.
    let said = frame_meta(&frame.header).0.bayer;
    let pattern = said.and_then(|text| text.parse().ok()).unwrap_or(BayerPattern::Grbg);
    Ok(Mosaic::new(frame.width, frame.height, pattern, frame.pixels)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crowdsky_sim::{Night, NightOptions};

    type Outcome = Result<(), Box<dyn std::error::Error>>;

    fn frame() -> Result<Vec<u8>, crowdsky_sim::Error> {
        Night::new(NightOptions::default().frames(3).size(640, 400).stars(1500).quiet())?.fits_bytes(1)
    }

    #[test]
    fn stars_and_their_width_are_those_of_the_sky() -> Outcome {
        let found = quality_of(&frame()?)?;
        assert!(found.stars >= 20, "{found:?}");
        assert!((1.5..5.0).contains(&found.fwhm), "{found:?}");
        assert!(found.sky > 100.0, "{found:?}");
        Ok(())
    }

    #[test]
    fn a_picture_has_a_dark_neutral_sky_and_bright_stars() -> Outcome {
        let picture = picture_of(&frame()?, 160)?;
        assert_eq!((picture.width, picture.height, picture.rgba.len()), (160, 100, 4 * 160 * 100));
        let band = |band: usize| picture.rgba.iter().skip(band).step_by(4).map(|byte| f32::from(*byte));
        let sky: Vec<f32> = (0..3).map(|b| sorted(band(b))[160 * 100 / 2]).collect();
        assert!(sky.iter().all(|level| (20.0..110.0).contains(level)), "{sky:?}");
        assert!(sky.iter().all(|level| (level - sky[1]).abs() < 12.0), "{sky:?}");
        assert!((0..3).all(|b| band(b).any(|byte| byte > 200.0)));
        assert!(picture.rgba.iter().skip(3).step_by(4).all(|alpha| *alpha == 255));
        Ok(())
    }

    #[test]
    fn pictures_of_any_size_stay_in_their_frame() -> Outcome {
        let bytes = frame()?;
        for longest in [0, 1, 7, 33, 640, 5000, usize::MAX] {
            let picture = picture_of(&bytes, longest)?;
            assert_eq!(picture.rgba.len(), 4 * picture.width * picture.height, "{longest}");
            assert!(picture.width.max(picture.height) <= longest.max(1), "{longest}: {}", picture.width);
        }
        Ok(())
    }

    #[test]
    fn what_is_no_raw_frame_is_told() {
        let told = |bytes: &[u8]| quality_of(bytes).err().map(|error| error.to_string()).unwrap_or_default();
        assert!(told(b"GIF89a").starts_with("not a FITS file"));
        assert_eq!(told(b""), "the file is empty");
    }
}
