//! The value of a card: its types, and the text after `= ` both ways (FITS 4.0, sections 4.1 and 4.2).

use crate::finding::Code;
use crate::number;
use alloc::{format, string::String};

/// What a keyword is set to.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Value {
    /// The value field is blank. Not the same as an absent keyword.
    Undefined,
    /// `T` or `F`.
    Logical(bool),
    /// An integer that fits 64 bits.
    Integer(i64),
    /// An integer beyond 64 bits, as its digits.
    BigInteger(String),
    /// A floating-point number. NaN and infinities are read (with a finding) but never written.
    Real(f64),
    /// A complex number: real and imaginary part.
    Complex(f64, f64),
    /// A string without its trailing blanks; a string of nothing but blanks is `" "`, the null string `''` is `""`.
    Str(String),
    /// Text that is of no type, as it stands in the card.
    Invalid(String),
}

impl Value {
    /// As a number, when it is one (integers included).
    pub fn as_real(&self) -> Option<f64> {
        match self {
            Value::Integer(i) => Some(*i as f64),
            Value::Real(r) => Some(*r),
            Value::BigInteger(text) => number::read(text),
            _ => None,
        }
    }

    /// As an integer, when it is one; `91.0` counts as 91, as some writers put it.
    pub fn as_integer(&self) -> Option<i64> {
        match self {
            Value::Integer(i) => Some(*i),
            // Beyond 2^53 a real no longer names one integer.
            Value::Real(r) if *r as i64 as f64 == *r && r.abs() < 9.0e15 => Some(*r as i64),
            _ => None,
        }
    }

    /// As text, when it is a string.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Value::Str(text) => Some(text),
            _ => None,
        }
    }

    /// As truth value, when it is one.
    pub fn as_logical(&self) -> Option<bool> {
        match self {
            Value::Logical(l) => Some(*l),
            _ => None,
        }
    }

    /// The value as people write it, without quotes: `T`, `42`, `1.0E-12`, `(1.0, -2.5)`, `M 94`; nothing for an undefined one.
    ///
    /// ```
    /// use crowdsky_fits::Value;
    /// assert_eq!(Value::Real(10.0).shown(), "10.0");
    /// assert_eq!(Value::Complex(1e300, f64::NAN).shown(), "(1.0E300, NaN)");
    /// ```
    pub fn shown(&self) -> String {
        match self {
            Value::Undefined => String::new(),
            Value::Logical(l) => if *l { "T" } else { "F" }.into(),
            Value::Integer(i) => format!("{i}"),
            Value::Real(r) => number::shown(*r),
            Value::Complex(re, im) => format!("({}, {})", number::shown(*re), number::shown(*im)),
            Value::BigInteger(text) | Value::Str(text) | Value::Invalid(text) => text.clone(),
        }
    }

    /// The text of a value field; strings are quoted and not cut. `None` for what may not be written.
    pub(crate) fn print(&self) -> Option<String> {
        Some(match self {
            Value::Undefined => String::new(),
            Value::Logical(l) => format!("{:>20}", if *l { 'T' } else { 'F' }),
            Value::Integer(i) => format!("{i:>20}"),
            Value::BigInteger(digits) => format!("{digits:>20}"),
            Value::Real(r) => format!("{:>20}", print_real(*r)?),
            Value::Complex(re, im) => format!("({}, {})", print_real(*re)?, print_real(*im)?),
            // At least 8 characters, as 4.2.1 recommends; a null string stays null.
            Value::Str(text) if text.is_empty() => "''".into(),
            Value::Str(text) => format!("'{:<8}'", text.replace('\'', "''")),
            Value::Invalid(_) => return None,
        })
    }
}

/// The shortest decimal that reads back as the same number, with an upper-case exponent and a decimal point.
fn print_real(r: f64) -> Option<String> {
    r.is_finite().then(|| number::shown(r))
}

macro_rules! from {
    ($($type:ty => |$x:ident| $value:expr;)+) => {
        $(impl From<$type> for Value { fn from($x: $type) -> Self { $value } })+
    };
}

from! {
    bool => |x| Value::Logical(x);
    u8 => |x| Value::Integer(x.into());
    u16 => |x| Value::Integer(x.into());
    i32 => |x| Value::Integer(x.into());
    u32 => |x| Value::Integer(x.into());
    i64 => |x| Value::Integer(x);
    u64 => |x| i64::try_from(x).map_or_else(|_| Value::BigInteger(format!("{x}")), Value::Integer);
    usize => |x| Value::from(x as u64);
    f64 => |x| Value::Real(x);
    f32 => |x| Value::Real(shortest(x));
    &str => |x| Value::Str(x.into());
    String => |x| Value::Str(x);
}

/// The number with the digits of the `f32`: 0.1 and not 0.10000000149011612.
fn shortest(x: f32) -> f64 {
    format!("{x:?}").parse().unwrap_or(f64::from(x))
}

/// Reads the text after `= `. `note` hears of what is odd.
pub(crate) fn parse_field(text: &str, note: &mut dyn FnMut(Code, String)) -> (Value, String) {
    let text = text.trim_start_matches(' ');
    if let Some(rest) = text.strip_prefix('\'') {
        let (value, rest, closed) = parse_string(rest);
        if !closed {
            note(
                Code::StringUnterminated,
                "the string has no closing quote; the rest of the card is its value".into(),
            );
        }
        return (Value::Str(value), after_value(rest, note));
    }
    if let Some((inside, rest)) = text.strip_prefix('(').and_then(|text| text.split_once(')')) {
        let parts = inside.split_once(',').map(|(re, im)| (parse_part(re, note), parse_part(im, note)));
        let value = match parts {
            Some((Some(re), Some(im))) => Value::Complex(re, im),
            _ => invalid(&text[..inside.len() + 2], note),
        };
        return (value, after_value(rest, note));
    }
    let (token, comment) = match text.split_once('/') {
        Some((token, comment)) => (token.trim(), trim_comment(comment)),
        None => (text.trim(), String::new()),
    };
    let value = match token {
        "" => Value::Undefined,
        "T" => Value::Logical(true),
        "F" => Value::Logical(false),
        _ => parse_number(token, note),
    };
    (value, comment)
}

fn trim_comment(text: &str) -> String {
    text.trim_start_matches(' ').trim_end().into()
}

/// What follows a string or a complex number: nothing, or a slash and the comment.
fn after_value(rest: &str, note: &mut dyn FnMut(Code, String)) -> String {
    let (between, comment) = rest.split_once('/').unwrap_or((rest, ""));
    if !between.trim().is_empty() {
        note(Code::TextAfterValue, format!("\"{}\" between value and comment is ignored", between.trim()));
    }
    trim_comment(comment)
}

/// A string from behind its opening quote: the value, the text behind the closing quote, whether there was one.
pub(crate) fn parse_string(text: &str) -> (String, &str, bool) {
    let mut value = String::new();
    let mut rest = text;
    let closed = loop {
        let Some((part, behind)) = rest.split_once('\'') else {
            value.push_str(rest);
            rest = "";
            break false;
        };
        value.push_str(part);
        match behind.strip_prefix('\'') {
            Some(behind) => {
                value.push('\'');
                rest = behind;
            }
            None => {
                rest = behind;
                break true;
            }
        }
    };
    let significant = value.trim_end_matches(' ').len();
    // A blank string is not the null string (4.2.1.1): keep one blank.
    let keep = if significant == 0 && !value.is_empty() { 1 } else { significant };
    value.truncate(keep);
    (value, rest, closed)
}

fn parse_part(text: &str, note: &mut dyn FnMut(Code, String)) -> Option<f64> {
    parse_number(text.trim(), note).as_real()
}

fn invalid(token: &str, note: &mut dyn FnMut(Code, String)) -> Value {
    note(Code::ValueUnreadable, format!("\"{token}\" is no string, number or T/F; strings need quotes"));
    Value::Invalid(token.into())
}

fn parse_number(token: &str, note: &mut dyn FnMut(Code, String)) -> Value {
    let digits = token.strip_prefix(['+', '-']).unwrap_or(token);
    if !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()) {
        return match token.parse() {
            Ok(i) => Value::Integer(i),
            Err(_) => {
                note(
                    Code::IntegerTooLarge,
                    "the integer has more than 64 bits; its digits are kept as text".into(),
                );
                Value::BigInteger(token.trim_start_matches('+').into())
            }
        };
    }
    let not_finite = [("nan", f64::NAN), ("inf", f64::INFINITY), ("infinity", f64::INFINITY)];
    if let Some((_, size)) = not_finite.iter().find(|(word, _)| digits.eq_ignore_ascii_case(word)) {
        note(Code::NotFinite, format!("{token} may not stand in a header"));
        return Value::Real(if token.starts_with('-') { -size } else { *size });
    }
    let plain: String = token.chars().map(|c| if matches!(c, 'D' | 'd') { 'e' } else { c }).collect();
    let Some(number) = number::read(&plain) else {
        return invalid(token, note);
    };
    if token.bytes().any(|b| matches!(b, b'e' | b'd')) {
        note(Code::ExponentLowercase, format!("the exponent of {token} is in lower case"));
    }
    if !number.is_finite() {
        note(Code::NotFinite, format!("{token} is beyond the range of a 64-bit number"));
    }
    Value::Real(number)
}
