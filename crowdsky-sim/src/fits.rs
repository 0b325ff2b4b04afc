//! One exposure as the file the telescope saves: THE DOOR to FITS.
//!
//! Cards, their order and comments are those of firmware 4.27. They are put together here and not by
//! `crowdsky_fits::FitsWriter`, which adds CHECKSUM and DATASUM to all it writes: the telescope does not.

use crate::{Error, Night, NightOptions, SimFrame};
use crowdsky_fits::{BLOCK, Card};

/// Pixel size of all Seestar sensors in micrometres: 2.9 in single precision, as the telescope writes it.
const PIXEL_UM: f64 = 2.900_000_095_367_43;

impl Night {
    /// Exposure `k` as the bytes of the file [`FrameTruth::file_name`](crate::FrameTruth::file_name).
    ///
    /// ```
    /// use crowdsky_sim::{Night, NightOptions};
    /// let night = Night::new(NightOptions::default().size(32, 32))?;
    /// let file = night.fits_bytes(0)?;
    /// assert_eq!(&file[..9], b"SIMPLE  =");
    /// assert_eq!(file.len(), 2 * 2880 + 2880); // two blocks of header, one of data
    /// # Ok::<(), crowdsky_sim::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::NoSuchFrame`] if the night has no frame `k`.
    pub fn fits_bytes(&self, k: usize) -> Result<Vec<u8>, Error> {
        let frame = self.frame(k)?;
        let refused = |source| Error::Fits { file_name: frame.truth.file_name.clone(), source };
        let mut bytes = Vec::with_capacity(3 * BLOCK + 2 * frame.pixels.len());
        for card in header(&self.truth().options, &frame) {
            card.print().map_err(refused)?.iter().for_each(|record| bytes.extend_from_slice(record));
        }
        bytes.extend_from_slice(b"END");
        bytes.resize(bytes.len().next_multiple_of(BLOCK), b' ');
        // Stored is pixel - 32768 as a signed number, which is the pixel with its highest bit turned.
        bytes.extend(frame.pixels.iter().flat_map(|pixel| (pixel ^ 0x8000).to_be_bytes()));
        bytes.resize(bytes.len().next_multiple_of(BLOCK), 0);
        Ok(bytes)
    }
}

/// The cards of firmware 4.27 but for the site, which is put at 0, 0.
fn header(options: &NightOptions, frame: &SimFrame) -> Vec<Card> {
    let sensor = options.sensor;
    let date_obs = frame.truth.date_obs.to_iso_micros();
    vec![
        Card::new("SIMPLE", true, "file does conform to FITS standard"),
        Card::new("BITPIX", 16, "number of bits per data pixel"),
        Card::new("NAXIS", 2, "number of data axes"),
        Card::new("NAXIS1", frame.width, "length of data axis 1"),
        Card::new("NAXIS2", frame.height, "length of data axis 2"),
        Card::new("EXTEND", true, "FITS dataset may contain extensions"),
        Card::commentary(
            "COMMENT",
            "  FITS (Flexible Image Transport System) format is defined in 'Astronomy",
        ),
        Card::commentary(
            "COMMENT",
            "  and Astrophysics', volume 376, page 359; bibcode: 2001A&A...376..359H",
        ),
        Card::new("BZERO", 32768, "offset data range to that of unsigned short"),
        Card::new("BSCALE", 1, "default scaling factor"),
        Card::new("CREATOR", sensor.creator(), "Capture software"),
        Card::new("PRODUCER", "ZWO", "Powered by ZWO"),
        Card::new("XORGSUBF", 0, "Subframe X position in binned pixels"),
        Card::new("YORGSUBF", 0, "Subframe Y position in binned pixels"),
        Card::new("FOCALLEN", sensor.focal_length_mm(), "Focal length of telescope in mm"),
        Card::new("APERTURE", 5.0, "Name of field of view aperture"),
        Card::new("PROGRAM", "4.27", "The name of the software task that created the"),
        Card::new("XBINNING", 1, "Camera X Bin"),
        Card::new("YBINNING", 1, "Camera Y Bin"),
        Card::new("CCDXBIN", 1, "Camera X Bin"),
        Card::new("CCDYBIN", 1, "Camera Y Bin"),
        Card::new("XPIXSZ", PIXEL_UM, "pixel size in microns (with binning)"),
        Card::new("YPIXSZ", PIXEL_UM, "pixel size in microns (with binning)"),
        Card::new("IMAGETYP", "Light", "Type of image"),
        Card::new("EXPOSURE", options.exptime, "Exposure time in seconds"),
        Card::new("EXPTIME", options.exptime, "Exposure time in seconds"),
        Card::new("CCD-TEMP", 25.125, "sensor temperature in C"),
        Card::new("RA", options.ra, "Object Right Ascension in degrees"),
        Card::new("DEC", options.dec, "Object Declination in degrees"),
        Card::new("SITELONG", 0.0, "longitude of the imaging site in degrees"),
        Card::new("SITELAT", 0.0, "latitude of the imaging site in degrees"),
        Card::new("DATE-OBS", date_obs, "Image created time"),
        Card::new("FILTER", options.filter.to_string(), "Filter used when taking image"),
        Card::new("INSTRUME", sensor.instrument(), "Camera model"),
        Card::new("BAYERPAT", options.bayer_pattern().as_str(), "Bayer pattern"),
        Card::new("GAIN", options.gain, "Gain Value"),
        Card::new("FOCUSPOS", 1555, "Focuser position in steps"),
        Card::new("TELESCOP", sensor.telescope(), "Telescope name"),
        Card::new("OBJECT", options.object.as_str(), "name or catalog number of object being imaged"),
        Card::new("TOTALEXP", options.exptime, "Total Exposure Time in seconds"),
    ]
}
