//! The sample types: what BITPIX names, and the unsigned ones that BZERO makes of them (FITS 4.0, sections 4.4.1 and 5).

use alloc::vec::Vec;
use core::ops::Range;

/// Type of the stored samples.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Bitpix {
    /// 8: unsigned bytes.
    U8,
    /// 16: signed.
    I16,
    /// 32: signed.
    I32,
    /// 64: signed.
    I64,
    /// -32: IEEE single precision.
    F32,
    /// -64: IEEE double precision.
    F64,
}

impl Bitpix {
    /// From the value of the keyword.
    pub fn new(value: i64) -> Option<Self> {
        Some(match value {
            8 => Bitpix::U8,
            16 => Bitpix::I16,
            32 => Bitpix::I32,
            64 => Bitpix::I64,
            -32 => Bitpix::F32,
            -64 => Bitpix::F64,
            _ => return None,
        })
    }

    /// The value of the keyword.
    pub const fn value(self) -> i64 {
        match self {
            Bitpix::U8 => 8,
            Bitpix::I16 => 16,
            Bitpix::I32 => 32,
            Bitpix::I64 => 64,
            Bitpix::F32 => -32,
            Bitpix::F64 => -64,
        }
    }

    /// Bytes of one sample.
    pub const fn bytes(self) -> usize {
        self.value().unsigned_abs() as usize / 8
    }

    /// Whether the samples are floating-point numbers.
    pub const fn is_float(self) -> bool {
        self.value() < 0
    }
}

/// `$run!` with every sample type: variant, Rust type, stored type, BZERO that makes it, bytes to and from the file.
macro_rules! for_each_sample {
    ($run:ident) => {
        $run! {
            /// BITPIX 8.
            U8 u8 U8 0 |x| x.to_be_bytes(), |b| u8::from_be_bytes(b);
            /// BITPIX 16.
            I16 i16 I16 0 |x| x.to_be_bytes(), |b| i16::from_be_bytes(b);
            /// BITPIX 32.
            I32 i32 I32 0 |x| x.to_be_bytes(), |b| i32::from_be_bytes(b);
            /// BITPIX 64.
            I64 i64 I64 0 |x| x.to_be_bytes(), |b| i64::from_be_bytes(b);
            /// BITPIX -32.
            F32 f32 F32 0 |x| x.to_be_bytes(), |b| f32::from_be_bytes(b);
            /// BITPIX -64.
            F64 f64 F64 0 |x| x.to_be_bytes(), |b| f64::from_be_bytes(b);
            /// BITPIX 8 with BZERO -128.
            I8 i8 U8 -128 |x| (x ^ i8::MIN).to_be_bytes(), |b| i8::from_be_bytes(b) ^ i8::MIN;
            /// BITPIX 16 with BZERO 32768: raw camera frames.
            U16 u16 I16 32768 |x| (x ^ 1 << 15).to_be_bytes(), |b| u16::from_be_bytes(b) ^ 1 << 15;
            /// BITPIX 32 with BZERO 2147483648.
            U32 u32 I32 2147483648 |x| (x ^ 1 << 31).to_be_bytes(), |b| u32::from_be_bytes(b) ^ 1 << 31;
            /// BITPIX 64 with BZERO 9223372036854775808.
            U64 u64 I64 9223372036854775808 |x| (x ^ 1 << 63).to_be_bytes(), |b| u64::from_be_bytes(b) ^ 1 << 63;
        }
    };
}

macro_rules! samples {
    ($(#[$doc:meta] $name:ident $type:ident $stored:ident $bzero:literal |$x:ident| $to:expr, |$b:ident| $from:expr;)+) => {
        /// Samples of an image or a table column.
        #[derive(Debug, Clone, PartialEq)]
        pub enum Samples { $(#[$doc] $name(Vec<$type>),)+ }

        /// Borrowed samples, to be written.
        #[derive(Debug, Clone, Copy, PartialEq)]
        pub enum SamplesRef<'a> { $(#[$doc] $name(&'a [$type]),)+ }

        impl Samples {
            /// No samples, of the type stored as `bitpix` with this BZERO; `None` when that pair names no type.
            pub fn empty(bitpix: Bitpix, bzero: f64) -> Option<Self> {
                match bitpix {
                    $(Bitpix::$stored if bzero == $bzero as i128 as f64 => Some(Samples::$name(Vec::new())),)+
                    _ => None,
                }
            }

            /// How many there are.
            pub fn len(&self) -> usize {
                match self { $(Samples::$name(v) => v.len(),)+ }
            }

            /// Makes room for `more` samples.
            pub(crate) fn reserve_exact(&mut self, more: usize) {
                match self { $(Samples::$name(v) => v.reserve_exact(more),)+ }
            }

            /// Appends samples from big-endian bytes; a last incomplete one is left out.
            pub(crate) fn extend_be(&mut self, bytes: &[u8]) {
                match self {
                    $(Samples::$name(v) => {
                        const SIZE: usize = size_of::<$type>();
                        v.extend(bytes.chunks_exact(SIZE).map(|chunk| {
                            let mut $b = [0; SIZE];
                            $b.copy_from_slice(chunk);
                            $from
                        }));
                    })+
                }
            }

            /// Borrowed, as the writer takes them.
            pub fn as_ref(&self) -> SamplesRef<'_> {
                match self { $(Samples::$name(v) => SamplesRef::$name(v),)+ }
            }

            /// Sample `index` as the nearest 64-bit number.
            pub fn get_f64(&self, index: usize) -> Option<f64> {
                match self { $(Samples::$name(v) => v.get(index).map(|x| *x as f64),)+ }
            }

            /// All samples as the nearest 64-bit numbers, those equal to `blank` as NaN.
            pub fn to_f64(&self, blank: Option<i128>) -> Vec<f64> {
                match self {
                    $(Samples::$name(v) => match blank {
                        None => v.iter().map(|x| *x as f64).collect(),
                        Some(blank) => {
                            v.iter().map(|x| if *x as i128 == blank { f64::NAN } else { *x as f64 }).collect()
                        }
                    },)+
                }
            }
        }

        impl SamplesRef<'_> {
            /// How many there are.
            pub fn len(&self) -> usize {
                match self { $(SamplesRef::$name(v) => v.len(),)+ }
            }

            /// How they are stored.
            pub fn bitpix(&self) -> Bitpix {
                match self { $(SamplesRef::$name(_) => Bitpix::$stored,)+ }
            }

            /// The BZERO that says which type they are; 0 when none is needed.
            pub(crate) fn bzero(&self) -> i128 {
                match self { $(SamplesRef::$name(_) => $bzero,)+ }
            }

            /// Appends the samples of `range` as big-endian bytes.
            pub(crate) fn encode(&self, range: Range<usize>, out: &mut Vec<u8>) {
                match self {
                    $(SamplesRef::$name(v) => {
                        const SIZE: usize = size_of::<$type>();
                        let samples = v.get(range).unwrap_or_default();
                        let start = out.len();
                        out.resize(start + samples.len() * SIZE, 0);
                        for (to, $x) in out[start..].chunks_exact_mut(SIZE).zip(samples.iter().copied()) {
                            to.copy_from_slice(&$to);
                        }
                    })+
                }
            }
        }

        $(
            impl<'a> From<&'a [$type]> for SamplesRef<'a> {
                fn from(samples: &'a [$type]) -> Self { SamplesRef::$name(samples) }
            }
            impl<'a> From<&'a Vec<$type>> for SamplesRef<'a> {
                fn from(samples: &'a Vec<$type>) -> Self { SamplesRef::$name(samples) }
            }
        )+
    };
}

for_each_sample!(samples);

impl Samples {
    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl SamplesRef<'_> {
    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl<'a> From<&'a Samples> for SamplesRef<'a> {
    fn from(samples: &'a Samples) -> Self {
        samples.as_ref()
    }
}

impl Samples {
    /// No samples, of the type BITPIX names.
    pub fn stored(bitpix: Bitpix) -> Self {
        match bitpix {
            Bitpix::U8 => Samples::U8(Vec::new()),
            Bitpix::I16 => Samples::I16(Vec::new()),
            Bitpix::I32 => Samples::I32(Vec::new()),
            Bitpix::I64 => Samples::I64(Vec::new()),
            Bitpix::F32 => Samples::F32(Vec::new()),
            Bitpix::F64 => Samples::F64(Vec::new()),
        }
    }
}
