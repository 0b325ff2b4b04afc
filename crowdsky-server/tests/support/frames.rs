//! Small frames with headers of all sorts.

use super::app::frame;

/// The smallest frame of M 42 with these cards changed or added, each `(keyword, value as it stands in the card)`; an empty
/// value takes the card out. The pixels are as many as NAXIS1 and NAXIS2 say.
pub(crate) fn frame_with(changes: &[(&str, &str)]) -> Vec<u8> {
    let plain = frame("M 42");
    let mut cards: Vec<(String, String)> = plain
        .chunks(80)
        .map(|card| String::from_utf8(card.to_vec()).unwrap())
        .take_while(|card| !card.starts_with("END "))
        .map(|card| (card[..8].trim().to_owned(), card[10..].trim().to_owned()))
        .collect();
    for (keyword, value) in changes {
        match cards.iter_mut().find(|card| card.0 == *keyword) {
            Some(card) => card.1 = (*value).to_owned(),
            None => cards.push(((*keyword).to_owned(), (*value).to_owned())),
        }
    }
    cards.retain(|(_, value)| !value.is_empty());
    let side =
        |keyword: &str| -> usize { cards.iter().find(|card| card.0 == keyword).unwrap().1.parse().unwrap() };
    let data = (side("NAXIS1") * side("NAXIS2") * 2).next_multiple_of(2880);
    let mut bytes = Vec::new();
    for (keyword, value) in &cards {
        bytes.extend(format!("{:<80}", format!("{keyword:<8}= {value:>20}")).into_bytes());
    }
    bytes.extend(format!("{:<80}", "END").bytes());
    bytes.resize(bytes.len().next_multiple_of(2880), b' ');
    bytes.resize(bytes.len() + data, 0);
    bytes
}
