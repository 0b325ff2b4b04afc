//! Reading an artefact back: size, hash, and whether it is what it says. Raws die only after this.

use super::{Delivered, Error, Result};
use crate::secret::hex;
use crate::storage::{self, Artefact, BlobKey, BlobStore};
use crowdsky_fits::{HduKind, HduReader, Limits};
use sha2::{Digest, Sha256};
use std::io::{self, Read};
use tokio_util::io::{StreamReader, SyncIoBridge};

/// Largest side of a thumbnail, pixels.
const THUMBNAIL_SIDE: u32 = 4096;
/// What a decoder of thumbnails may take for itself.
const PNG_BYTES: usize = 16 << 20;
/// Pixels of a plane at most.
const PLANE: u64 = 16 << 20;

/// Reads the object and compares it with what was announced; its SHA-256.
pub(super) async fn verify(store: &dyn BlobStore, key: &BlobKey, delivered: &Delivered) -> Result<String> {
    let artefact = delivered.artefact;
    let blob = match store.get(key, None).await {
        Err(storage::Error::NotFound { .. }) => {
            let message = format!("The {} was announced, and nothing is stored.", artefact.as_str());
            return Err(Error::BadInput { code: "not_delivered", message });
        }
        other => other?,
    };
    if blob.size != delivered.size {
        let (size, found) = (delivered.size, blob.size);
        let message =
            format!("The {} was announced with {size} bytes; {found} are stored.", artefact.as_str());
        return Err(Error::BadInput { code: "wrong_size", message });
    }
    let bytes = SyncIoBridge::new(StreamReader::new(blob.stream));
    let read = tokio::task::spawn_blocking(move || {
        let mut bytes = Hashing { bytes, hash: Sha256::new() };
        let good = match artefact {
            Artefact::Stack => a_stack(&mut bytes),
            Artefact::Thumbnail => a_png(&mut bytes),
            Artefact::Stars => json(&mut bytes),
        };
        // The hash is of everything, whatever the judgement.
        let rest = io::copy(&mut bytes, &mut io::sink());
        (good, rest, hex(&bytes.hash.finalize()))
    });
    let (good, rest, sha256) = read.await.map_err(|error| Error::Internal(error.to_string()))?;
    rest.map_err(|cause| storage::Error::Unavailable {
        role: store.role(),
        retry_after: std::time::Duration::from_secs(30),
        cause: Box::new(cause),
    })?;
    if delivered.sha256.as_ref().is_some_and(|announced| !announced.eq_ignore_ascii_case(&sha256)) {
        let message = format!("The {} in the storage has another SHA-256 than announced.", artefact.as_str());
        return Err(Error::BadInput { code: "digest_mismatch", message });
    }
    good.map_err(|why| Error::BadInput {
        code: "bad_artefact",
        message: format!("The {} cannot be used: {why}.", artefact.as_str()),
    })?;
    Ok(sha256)
}

/// FITS that can be read to its end, with at least one image of a stack's size in it.
fn a_stack(bytes: &mut impl Read) -> std::result::Result<(), String> {
    let mut images = 0;
    let said = |error: crowdsky_fits::Error| error.to_string();
    let mut hdus = HduReader::new(bytes, &Limits::default()).map_err(said)?;
    while let Some(mut hdu) = hdus.next_hdu().map_err(said)? {
        let layout = &hdu.head().layout;
        if matches!(layout.kind, HduKind::Primary | HduKind::Image) && layout.pixels() > 0 {
            let plane: u64 = layout.shape.iter().filter(|axis| **axis > 4).product();
            if layout.shape.len() < 2 || plane > PLANE {
                return Err(format!("an image of {:?} pixels is no picture of the sky", layout.shape));
            }
            images += 1;
        }
        // To its last byte: a file that is cut off shows there.
        hdu.skip().map_err(said)?;
    }
    if images == 0 { Err("it holds no image".to_owned()) } else { Ok(()) }
}

/// A PNG that can be decoded to its last row. The bytes are as many as `most` allows; of the pixels one row is there at a time.
fn a_png(bytes: &mut impl Read) -> std::result::Result<(), String> {
    let mut file = Vec::new();
    bytes.read_to_end(&mut file).map_err(|error| error.to_string())?;
    let said = |error: png::DecodingError| format!("it is no good PNG: {error}");
    let limits = png::Limits { bytes: PNG_BYTES };
    let mut rows = png::Decoder::new_with_limits(io::Cursor::new(file), limits).read_info().map_err(said)?;
    let (width, height) = rows.info().size();
    if width > THUMBNAIL_SIDE || height > THUMBNAIL_SIDE {
        return Err(format!("{width} x {height} pixels; each side has 1 to {THUMBNAIL_SIDE}"));
    }
    while rows.next_row().map_err(said)?.is_some() {}
    Ok(())
}

fn json(bytes: &mut impl Read) -> std::result::Result<(), String> {
    let parsed = serde_json::from_reader::<_, serde::de::IgnoredAny>(io::BufReader::new(bytes));
    parsed.map(drop).map_err(|error| format!("it is not JSON: {error}"))
}

/// Hashes what is read.
struct Hashing<R> {
    bytes: R,
    hash: Sha256,
}

impl<R: Read> Read for Hashing<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = self.bytes.read(buffer)?;
        self.hash.update(&buffer[..n]);
        Ok(n)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn png(width: u32, height: u32) -> Vec<u8> {
        let mut file = Vec::new();
        let mut writer = png::Encoder::new(&mut file, width, height).write_header().unwrap();
        writer.write_image_data(&vec![7; (width * height) as usize]).unwrap();
        writer.finish().unwrap();
        file
    }

    #[test]
    fn a_thumbnail_can_be_decoded_to_its_end() {
        let good = png(40, 30);
        a_png(&mut &good[..]).unwrap();
        a_png(&mut &good[..good.len() / 2]).unwrap_err();
        a_png(&mut &b"\x89PNG\r\n\x1a\n and nothing of the kind"[..]).unwrap_err();
        let mut spoiled = good;
        let middle = spoiled.len() / 2;
        spoiled[middle] ^= 0x55;
        a_png(&mut &spoiled[..]).unwrap_err();
        assert!(a_png(&mut &png(THUMBNAIL_SIDE + 1, 1)[..]).unwrap_err().contains("4097 x 1"));
    }
}
