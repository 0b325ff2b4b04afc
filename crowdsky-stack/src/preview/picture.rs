//! An 8-bit picture, and what becomes of it.

use crate::error::Error;
use crate::files::write_atomically;
use std::io::Write;
use std::path::Path;

/// An 8-bit picture, red, green, blue for each pixel, rows from top to bottom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Preview {
    /// Columns.
    pub width: usize,
    /// Rows.
    pub height: usize,
    /// `width * height * 3` bytes.
    pub rgb: Vec<u8>,
}

impl Preview {
    /// The picture with at most `longest` pixels on its longer side, or as it is if it has no more: each is the mean of a square.
    #[must_use]
    pub fn shrunk(&self, longest: usize) -> Preview {
        let step = self.width.max(self.height).div_ceil(longest.max(1)).max(1);
        let (width, height) = (self.width.div_ceil(step), self.height.div_ceil(step));
        let mut rgb = Vec::with_capacity(3 * width * height);
        for top in (0..self.height).step_by(step) {
            for left in (0..self.width).step_by(step) {
                let (rows, columns) =
                    (top..(top + step).min(self.height), left..(left + step).min(self.width));
                let count = (rows.len() * columns.len()) as u32;
                let mut sum = [0u32; 3];
                for y in rows {
                    let row =
                        &self.rgb[3 * (y * self.width + columns.start)..3 * (y * self.width + columns.end)];
                    row.iter().zip((0..3).cycle()).for_each(|(&value, band)| sum[band] += u32::from(value));
                }
                rgb.extend(sum.map(|sum| ((sum + count / 2) / count) as u8));
            }
        }
        Preview { width, height, rgb }
    }

    /// Writes the picture as PNG, atomically.
    ///
    /// # Errors
    /// [`Error::Exists`], [`Error::Io`], [`Error::Png`].
    pub fn write_png(&self, path: &Path, overwrite: bool) -> Result<(), Error> {
        write_atomically(path, overwrite, |file| {
            self.encode_png(file).map_err(|source| match source {
                png::EncodingError::IoError(source) => Error::Io { path: path.to_path_buf(), source },
                source => Error::Png { path: path.to_path_buf(), source },
            })
        })
    }

    /// The picture as PNG bytes.
    ///
    /// # Errors
    /// Those of the sink.
    pub fn encode_png(&self, sink: impl Write) -> Result<(), png::EncodingError> {
        let mut encoder = png::Encoder::new(sink, self.width as u32, self.height as u32);
        encoder.set_color(png::ColorType::Rgb);
        encoder.set_depth(png::BitDepth::Eight);
        // A tenth of the time of the default for a file 5 % larger.
        encoder.set_compression(png::Compression::Fast);
        let mut writer = encoder.write_header()?;
        writer.write_image_data(&self.rgb)?;
        writer.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn squares_are_averaged_up_to_the_rim() {
        let rgb =
            vec![0, 10, 20, 2, 10, 20, 250, 10, 21, /* second row */ 4, 10, 20, 6, 10, 20, 251, 10, 20];
        let small = Preview { width: 3, height: 2, rgb: rgb.clone() }.shrunk(2);
        assert_eq!((small.width, small.height), (2, 1));
        assert_eq!(small.rgb, [3, 10, 20, 251, 10, 21]);
        let whole = Preview { width: 3, height: 2, rgb };
        assert_eq!(whole.shrunk(3), whole);
    }

    #[test]
    fn png_reads_back_what_was_written() {
        let picture = Preview { width: 2, height: 1, rgb: vec![1, 2, 3, 250, 251, 252] };
        let mut bytes = Vec::new();
        picture.encode_png(&mut bytes).expect("memory takes it");
        let mut reader = png::Decoder::new(std::io::Cursor::new(bytes)).read_info().expect("a PNG");
        let mut read = vec![0; reader.output_buffer_size().expect("a size")];
        reader.next_frame(&mut read).expect("its pixels");
        assert_eq!(read, picture.rgb);
    }
}
