//! Randomness and hashes of tokens.

use sha2::{Digest, Sha256};
use std::fmt::Write as _;

/// `N` random bytes of the operating system, as `2 N` hexadecimal digits.
///
/// # Panics
/// If the operating system has no randomness: then nothing that is to be secret can be made.
#[allow(clippy::expect_used, reason = "without randomness no token is safe, and going on would be worse")]
pub fn random_hex<const N: usize>() -> String {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).expect("the operating system gives randomness");
    hex(&bytes)
}

/// Lower-case hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(2 * bytes.len());
    for byte in bytes {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

/// The bytes that `text` names in hexadecimal digits of either case.
pub fn unhex<const N: usize>(text: &str) -> Option<[u8; N]> {
    let text = text.as_bytes();
    let mut bytes = [0; N];
    if text.len() != 2 * N {
        return None;
    }
    for (byte, digits) in bytes.iter_mut().zip(text.chunks_exact(2)) {
        let digit = |c: u8| char::from(c).to_digit(16);
        *byte = u8::try_from(digit(digits[0])? * 16 + digit(digits[1])?).ok()?;
    }
    Some(bytes)
}

/// SHA-256.
pub fn sha256(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn digits_there_and_back() {
        assert_eq!(unhex::<3>("00aBff").unwrap(), [0, 0xab, 0xff]);
        assert_eq!(hex(&[0, 0xab, 0xff]), "00abff");
        assert_eq!((unhex::<3>("00abf"), unhex::<3>("00abfg"), unhex::<1>("é")), (None, None, None));
        assert_ne!(random_hex::<16>(), random_hex::<16>());
        assert_eq!(hex(&sha256(b"abc"))[..8], *"ba7816bf");
    }
}
