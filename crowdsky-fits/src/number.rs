//! Numbers and their decimal text: as `crowdsky_core::number`, whose work `core` does where that crate is left out (without `std`).

#[cfg(feature = "std")]
pub(crate) use crowdsky_core::number::{brief, read, shown};

#[cfg(not(feature = "std"))]
pub(crate) use embedded::{read, shown};

#[cfg(not(feature = "std"))]
mod embedded {
    use alloc::{format, string::String};

    pub(crate) fn read(text: &str) -> Option<f64> {
        text.parse().ok().filter(|_| text.bytes().any(|b| b.is_ascii_digit()))
    }

    pub(crate) fn shown(x: f64) -> String {
        let text = format!("{x:?}");
        match text.split_once('e') {
            None => text,
            Some((mantissa, exponent)) if mantissa.contains('.') => format!("{mantissa}E{exponent}"),
            Some((mantissa, exponent)) => format!("{mantissa}.0E{exponent}"),
        }
    }
}
