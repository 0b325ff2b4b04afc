//! The table STAR-TAB.

use crate::catalogue::{STAR_COLUMNS, StarValue};
use crate::stack::Stack;
use crowdsky_fits::{FitsWriter, Header, NewColumn};
use std::io::Write;

/// STAR-TAB: the columns of the catalogue, then where the stars are in the sky, which is not known: the stack is not solved.
pub(super) fn write_stars<W: Write>(
    writer: &mut FitsWriter<W>,
    stack: &Stack,
) -> Result<(), crowdsky_fits::Error> {
    let stars = &stack.stars;
    let mut columns: Vec<NewColumn<'_>> = Vec::with_capacity(STAR_COLUMNS.len() + 2);
    let values: Vec<(Vec<f64>, Vec<i64>)> = STAR_COLUMNS
        .iter()
        .map(|column| match column.value {
            StarValue::Real(get) => (stars.iter().map(get).collect(), Vec::new()),
            StarValue::Whole(get) => (Vec::new(), stars.iter().map(get).collect()),
        })
        .collect();
    for (column, (reals, wholes)) in STAR_COLUMNS.iter().zip(&values) {
        let cells = match column.value {
            StarValue::Real(_) => NewColumn::new(column.name, &reals[..]),
            StarValue::Whole(_) => NewColumn::new(column.name, &wholes[..]),
        };
        columns.push(cells.unit(column.unit));
    }
    let unknown = vec![f64::NAN; stars.len()];
    columns.extend(["ra", "dec"].map(|name| NewColumn::new(name, &unknown[..]).unit("deg")));
    writer.write_table("STAR-TAB", &Header::new(), &columns)
}
