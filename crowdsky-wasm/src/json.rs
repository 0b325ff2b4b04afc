//! JSON text of what serde describes. Of the libraries that do the same, the smallest brings 10 kB of tables for printing numbers;
//! here JavaScript prints them, as it does in messages.

use core::fmt::{self, Write};
use serde::ser::{Error as _, Impossible, Serialize, SerializeSeq, SerializeStruct, Serializer};

/// The text of `value`, which is made of structures, lists, options, texts and numbers. What is not finite becomes `null`.
///
/// # Errors
/// Of other kinds of values, such as maps.
pub fn text(value: &impl Serialize) -> Result<String, fmt::Error> {
    let mut text = String::new();
    value.serialize(Json(&mut text)).map_err(|Unknown| fmt::Error)?;
    Ok(text)
}

struct Json<'a>(&'a mut String);

/// A list or a structure; the bracket that closes it.
struct Members<'a> {
    out: &'a mut String,
    close: char,
}

/// A kind of value that is not written here.
#[derive(Debug)]
struct Unknown;

impl fmt::Display for Unknown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value of a kind that is not written")
    }
}

impl std::error::Error for Unknown {}

impl serde::ser::Error for Unknown {
    fn custom<T: fmt::Display>(_: T) -> Self {
        Unknown
    }
}

impl Members<'_> {
    /// Before every member but the first.
    fn comma(&mut self) {
        if !matches!(self.out.as_bytes().last(), Some(b'{' | b'[')) {
            self.out.push(',');
        }
    }
}

impl SerializeSeq for Members<'_> {
    type Ok = ();
    type Error = Unknown;
    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Unknown> {
        self.comma();
        value.serialize(Json(self.out))
    }
    fn end(self) -> Result<(), Unknown> {
        self.out.push(self.close);
        Ok(())
    }
}

impl SerializeStruct for Members<'_> {
    type Ok = ();
    type Error = Unknown;
    fn serialize_field<T: Serialize + ?Sized>(
        &mut self,
        key: &'static str,
        value: &T,
    ) -> Result<(), Unknown> {
        self.comma();
        quoted(self.out, key);
        self.out.push(':');
        value.serialize(Json(self.out))
    }
    fn end(self) -> Result<(), Unknown> {
        self.out.push(self.close);
        Ok(())
    }
}

fn quoted(out: &mut String, text: &str) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            '\0'..=' ' if c != ' ' => {
                let digit = |n: u32| char::from_digit(n, 16).unwrap_or('0');
                out.push_str("\\u00");
                out.extend([digit(c as u32 >> 4), digit(c as u32 & 15)]);
            }
            c => out.push(c),
        }
    }
    out.push('"');
}

macro_rules! numbers {
    ($($name:ident $type:ty,)+) => { $(fn $name(self, n: $type) -> Result<(), Unknown> { put(self.0, format_args!("{n}")) })+ };
}

macro_rules! unknown {
    ($($name:ident($($type:ty),*) -> $ok:ty;)+) => { $(fn $name(self, $(_: $type),*) -> Result<$ok, Unknown> { Err(Unknown) })+ };
}

fn put(out: &mut String, what: fmt::Arguments<'_>) -> Result<(), Unknown> {
    out.write_fmt(what).map_err(Unknown::custom)
}

impl<'a> Serializer for Json<'a> {
    type Ok = ();
    type Error = Unknown;
    type SerializeSeq = Members<'a>;
    type SerializeStruct = Members<'a>;
    type SerializeTuple = Impossible<(), Unknown>;
    type SerializeTupleStruct = Impossible<(), Unknown>;
    type SerializeTupleVariant = Impossible<(), Unknown>;
    type SerializeMap = Impossible<(), Unknown>;
    type SerializeStructVariant = Impossible<(), Unknown>;

    numbers! {
        serialize_i8 i8, serialize_i16 i16, serialize_i32 i32, serialize_i64 i64,
        serialize_u8 u8, serialize_u16 u16, serialize_u32 u32, serialize_u64 u64,
    }

    fn serialize_bool(self, yes: bool) -> Result<(), Unknown> {
        self.0.push_str(if yes { "true" } else { "false" });
        Ok(())
    }

    fn serialize_f32(self, n: f32) -> Result<(), Unknown> {
        self.serialize_f64(n.into())
    }

    fn serialize_f64(self, n: f64) -> Result<(), Unknown> {
        if !n.is_finite() {
            return self.serialize_none();
        }
        self.0.push_str(&crowdsky_core::number::shown(n));
        Ok(())
    }

    fn serialize_char(self, c: char) -> Result<(), Unknown> {
        self.serialize_str(c.encode_utf8(&mut [0; 4]))
    }

    fn serialize_str(self, text: &str) -> Result<(), Unknown> {
        quoted(self.0, text);
        Ok(())
    }

    fn serialize_none(self) -> Result<(), Unknown> {
        self.0.push_str("null");
        Ok(())
    }

    fn serialize_unit(self) -> Result<(), Unknown> {
        self.serialize_none()
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), Unknown> {
        value.serialize(self)
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Members<'a>, Unknown> {
        self.0.push('[');
        Ok(Members { out: self.0, close: ']' })
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Members<'a>, Unknown> {
        self.0.push('{');
        Ok(Members { out: self.0, close: '}' })
    }

    unknown! {
        serialize_bytes(&[u8]) -> ();
        serialize_unit_struct(&'static str) -> ();
        serialize_unit_variant(&'static str, u32, &'static str) -> ();
        serialize_tuple(usize) -> Self::SerializeTuple;
        serialize_tuple_struct(&'static str, usize) -> Self::SerializeTupleStruct;
        serialize_tuple_variant(&'static str, u32, &'static str, usize) -> Self::SerializeTupleVariant;
        serialize_map(Option<usize>) -> Self::SerializeMap;
        serialize_struct_variant(&'static str, u32, &'static str, usize) -> Self::SerializeStructVariant;
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        value: &T,
    ) -> Result<(), Unknown> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: &T,
    ) -> Result<(), Unknown> {
        Err(Unknown)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde::Serialize;

    #[derive(Debug, Serialize)]
    struct Sample {
        text: String,
        number: f64,
        count: Option<u64>,
        #[serde(rename = "list")]
        flags: Vec<bool>,
        inner: Vec<Inner>,
    }

    #[derive(Debug, Serialize)]
    struct Inner {
        offset: i64,
        name: Option<&'static str>,
    }

    proptest! {
        #[test]
        fn serde_json_reads_the_same(text in ".*", number in any::<f64>(), count in any::<Option<u64>>(), offset in any::<i64>()) {
            let inner = vec![Inner { offset, name: None }, Inner { offset: 0, name: Some("a\"b\\\u{1}") }];
            let sample = Sample { text, number, count, flags: vec![true, false], inner };
            let ours: serde_json::Value = serde_json::from_str(&super::text(&sample).expect("text")).expect("JSON");
            let theirs = serde_json::to_value(&sample).expect("value");
            // serde_json reads the last digit of a number only with a feature that nobody else here needs.
            let alone = super::text(&sample.number).expect("text");
            prop_assert_eq!(alone.parse().ok(), Some(sample.number).filter(|n| n.is_finite()));
            for member in ["text", "count", "list", "inner"] {
                prop_assert_eq!(&ours[member], &theirs[member]);
            }
        }
    }

    #[test]
    fn a_kind_that_is_not_written_is_an_error() {
        assert!(super::text(&std::collections::BTreeMap::from([(1, 2)])).is_err());
    }
}
