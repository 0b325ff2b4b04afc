//! Decimal text of 64-bit numbers, both ways, the same on every target.
//!
//! With the feature `js`, and only in WebAssembly, JavaScript does the conversion itself: every engine rounds as Rust does (nearest
//! number, shortest digits; ECMAScript 7.1.4.1 and 21.1.3.2 would allow more beyond 20 digits), and Rust's tables would be 25 kB of a module of 100.

/// The number nearest to a decimal text such as `-1.5e3`; `None` for other texts (`inf` and `NaN` too).
///
/// ```
/// use crowdsky_core::number;
/// assert_eq!(number::read("+.5E1"), Some(5.0));
/// assert_eq!(number::read("1e"), None);
/// ```
#[must_use]
pub fn read(text: &str) -> Option<f64> {
    // Only what decimals are made of: Rust takes other words, JavaScript takes hexadecimals and nothing at all for 0.
    let allowed = |b: u8| b.is_ascii_digit() || b"+-.eE".contains(&b);
    if !text.bytes().all(allowed) || !text.bytes().any(|b| b.is_ascii_digit()) {
        return None;
    }
    from_decimal(text)
}

/// The shortest decimal that reads back as the same number: `10.0`, `1.0E300`, `NaN`, `-inf`.
///
/// ```
/// use crowdsky_core::number;
/// assert_eq!([number::shown(10.0), number::shown(1.5e-7)], ["10.0", "1.5E-7"]);
/// ```
#[must_use]
pub fn shown(x: f64) -> String {
    if x.is_nan() {
        return "NaN".into();
    }
    let sign = if x.is_sign_negative() { "-" } else { "" };
    if x.is_infinite() {
        return [sign, "inf"].concat();
    }
    let size = x.abs();
    let text = scientific(size);
    let (mantissa, exponent) = text.split_at(text.bytes().position(|b| b == b'e').unwrap_or(text.len()));
    let exponent = exponent.get(1..).unwrap_or("0");
    let power: i32 = exponent.parse().unwrap_or(0);
    let (first, more) = (&mantissa[..1], mantissa.get(2..).unwrap_or(""));
    if size != 0.0 && !(1e-4..1e16).contains(&size) {
        return [sign, first, ".", if more.is_empty() { "0" } else { more }, "E", exponent].concat();
    }
    let zeros = |n: usize| "0".repeat(n);
    if power < 0 {
        return [sign, "0.", &zeros((-power - 1) as usize), first, more].concat();
    }
    let power = power as usize;
    let (whole, part) = more.split_at(power.min(more.len()));
    [sign, first, whole, &zeros(power - whole.len()), ".", if part.is_empty() { "0" } else { part }].concat()
}

/// As [`shown`], whole numbers without a point: `-400`, `0.5`.
#[must_use]
pub fn brief(x: f64) -> String {
    let mut text = shown(x);
    if text.ends_with(".0") {
        text.truncate(text.len() - 2);
    }
    text
}

#[cfg(not(all(feature = "js", target_family = "wasm")))]
fn from_decimal(text: &str) -> Option<f64> {
    text.parse().ok()
}

/// `1e0`, `1.5e-7`: the shortest digits of a number that is finite and not negative.
#[cfg(not(all(feature = "js", target_family = "wasm")))]
fn scientific(x: f64) -> String {
    format!("{x:e}")
}

#[cfg(all(feature = "js", target_family = "wasm"))]
use js::{from_decimal, scientific};

#[cfg(all(feature = "js", target_family = "wasm"))]
mod js {
    use wasm_bindgen::prelude::wasm_bindgen;

    #[wasm_bindgen]
    extern "C" {
        #[wasm_bindgen(js_name = Number)]
        fn number(text: &str) -> f64;
        #[wasm_bindgen(js_namespace = ["Number", "prototype", "toExponential"], js_name = call)]
        fn to_exponential(x: f64) -> String;
    }

    pub(super) fn from_decimal(text: &str) -> Option<f64> {
        Some(number(text)).filter(|x| !x.is_nan())
    }

    pub(super) fn scientific(x: f64) -> String {
        // `1e+0` in JavaScript.
        to_exponential(x).bytes().filter(|b| *b != b'+').map(char::from).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn reads_back_and_is_as_rust_prints(bits in any::<u64>(), tame in -1e6..1e6f64) {
            for x in [f64::from_bits(bits), tame, tame.round()] {
                prop_assert_eq!(shown(x).replace('E', "e").replace(".0e", "e"), format!("{x:?}").replace(".0e", "e"));
                prop_assert!(!x.is_finite() || read(&shown(x)) == Some(x));
            }
        }

        #[test]
        fn takes_the_decimals_that_rust_takes(text in "[-+]?[0-9.]{0,4}([eE][-+]?[0-9]{0,2})?") {
            prop_assert_eq!(read(&text), text.parse().ok());
        }
    }

    #[test]
    fn words_are_no_numbers() {
        for text in ["", " ", "inf", "NaN", "infinity", "0x10", "1 ", "1_0"] {
            assert_eq!(read(text), None, "{text}");
        }
        assert_eq!([shown(-0.0), shown(f64::NEG_INFINITY), brief(-400.0)], ["-0.0", "-inf", "-400"]);
    }
}
