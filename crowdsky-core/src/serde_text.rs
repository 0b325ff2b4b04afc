//! serde for the types that are texts: written as printed, checked again when read.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::{BayerPattern, ChunkKey, FileName, Filter, HealpixTile, TimeSlot, UtcTime};

macro_rules! as_text {
    ($($type:ty),*) => {$(
        impl Serialize for $type {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }
        read_text!($type);
    )*};
}

macro_rules! read_text {
    ($type:ty) => {
        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
            }
        }
    };
}

as_text!(BayerPattern, ChunkKey, FileName, Filter, HealpixTile, TimeSlot);

// Not by Display, which cuts the microseconds.
impl Serialize for UtcTime {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.to_iso_micros())
    }
}
read_text!(UtcTime);
