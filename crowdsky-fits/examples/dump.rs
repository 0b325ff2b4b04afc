//! Writes everything this crate reads of a FITS file where other readers can compare it: `dump.json` with the cards, and one
//! file of little-endian samples for each image and column.
//!
//! `cargo run --example dump -- FILE OUT_DIR`
#![allow(clippy::print_stderr)]

use crowdsky_fits::{BinTable, Card, Cells, Error, HduReader, Image, Limits, Samples, Value};
use serde_json::{Value as Json, json};
use std::error::Error as StdError;
use std::path::Path;

fn main() -> Result<(), Box<dyn StdError>> {
    let args: Vec<String> = std::env::args().collect();
    let [_, file, out] = &args[..] else {
        eprintln!("usage: dump FILE OUT_DIR");
        std::process::exit(2);
    };
    let out = Path::new(out);
    std::fs::create_dir_all(out)?;
    let report = dump(Path::new(file), out)?;
    std::fs::write(out.join("dump.json"), serde_json::to_vec(&report)?)?;
    Ok(())
}

/// All units up to the first that cannot be read; that one's error is in `error`.
fn dump(file: &Path, out: &Path) -> Result<Json, Box<dyn StdError>> {
    let (mut hdus, mut error) = (Vec::new(), None);
    let opened = HduReader::new(std::fs::File::open(file)?, &Limits::default());
    let mut findings = Vec::new();
    match opened {
        Err(fault) => error = Some(fault),
        Ok(mut reader) => {
            loop {
                match reader.next_hdu() {
                    Ok(None) => break,
                    Err(fault) => {
                        error = Some(fault);
                        break;
                    }
                    Ok(Some(mut hdu)) => {
                        let head = hdu.head().clone();
                        let (kind, stem) = (&head.layout.kind, format!("h{}", head.index));
                        let data = if kind.is_image() {
                            hdu.image().map_err(Box::from).and_then(|image| dump_image(&image, out, &stem))
                        } else if kind.is_table() {
                            hdu.table().map_err(Box::from).and_then(|table| dump_table(&table, out, &stem))
                        } else {
                            Ok(json!({ "not_read": kind.to_string() }))
                        };
                        let cards: Vec<Json> = head.header.cards().iter().map(dump_card).collect();
                        hdus.push(json!({
                            "cards": cards,
                            "shape": head.layout.shape,
                            "data": data.unwrap_or_else(|fault| json!({ "error": fault.to_string() })),
                        }));
                    }
                }
            }
            findings = reader.into_findings().iter().map(ToString::to_string).collect();
        }
    }
    Ok(json!({ "hdus": hdus, "error": error.as_ref().map(Error::to_string), "findings": findings }))
}

fn dump_card(card: &Card) -> Json {
    let (kind, value) = match card.value() {
        None => ("commentary", Json::Null),
        Some(Value::Undefined) => ("undefined", Json::Null),
        Some(Value::Logical(l)) => ("logical", json!(l)),
        Some(Value::Integer(i)) => ("integer", json!(i.to_string())),
        Some(Value::BigInteger(digits)) => ("integer", json!(digits)),
        Some(Value::Real(r)) => ("real", json!(r.to_string())),
        Some(Value::Complex(re, im)) => ("complex", json!([re.to_string(), im.to_string()])),
        Some(Value::Str(text)) => ("string", json!(text)),
        Some(other) => ("invalid", json!(format!("{other:?}"))),
    };
    json!({ "keyword": card.keyword(), "kind": kind, "value": value, "comment": card.comment() })
}

fn dump_image(image: &Image, out: &Path, stem: &str) -> Result<Json, Box<dyn StdError>> {
    let samples = dump_samples(&image.samples, out, stem)?;
    Ok(json!({ "image": samples, "shape": image.shape, "bscale": image.bscale, "bzero": image.bzero }))
}

fn dump_table(table: &BinTable, out: &Path, stem: &str) -> Result<Json, Box<dyn StdError>> {
    let mut columns = Vec::new();
    for column in table.columns() {
        let stem = format!("{stem}c{}", column.number);
        let cells = if column.form.descriptor.is_some() {
            let arrays = table.arrays(column)?;
            let all: Result<Vec<Json>, _> = arrays
                .iter()
                .enumerate()
                .map(|(row, cells)| dump_cells(cells, out, &format!("{stem}r{row}")))
                .collect();
            json!({ "arrays": all? })
        } else {
            dump_cells(&table.cells(column)?, out, &stem)?
        };
        columns.push(json!({
            "name": column.name, "repeat": column.form.repeat, "scale": column.scale, "zero": column.zero, "cells": cells,
        }));
    }
    Ok(json!({ "rows": table.rows(), "columns": columns }))
}

fn dump_cells(cells: &Cells, out: &Path, stem: &str) -> Result<Json, Box<dyn StdError>> {
    Ok(match cells {
        Cells::Numbers(samples) => dump_samples(samples, out, stem)?,
        Cells::Logical(values) => json!({ "logical": values }),
        Cells::Bits(values) => json!({ "bits": values }),
        Cells::Text(values) => json!({ "text": values }),
        Cells::Complex32(values) => dump_samples(&Samples::F32(values.concat()), out, stem)?,
        Cells::Complex64(values) => dump_samples(&Samples::F64(values.concat()), out, stem)?,
        _ => return Err("cells of an unknown type".into()),
    })
}

/// Writes the samples as numpy reads them with `fromfile`, and names the file and the dtype.
fn dump_samples(samples: &Samples, out: &Path, stem: &str) -> Result<Json, Box<dyn StdError>> {
    macro_rules! bytes {
        ($($variant:ident $dtype:literal),+) => {
            match samples {
                $(Samples::$variant(v) => ($dtype, v.iter().flat_map(|x| x.to_le_bytes()).collect::<Vec<u8>>()),)+
            }
        };
    }
    let (dtype, bytes) = bytes!(
        U8 "u1", I8 "i1", I16 "<i2", U16 "<u2", I32 "<i4", U32 "<u4", I64 "<i8", U64 "<u8", F32 "<f4", F64 "<f8"
    );
    let name = format!("{stem}.bin");
    std::fs::write(out.join(&name), bytes)?;
    Ok(json!({ "file": name, "dtype": dtype }))
}
