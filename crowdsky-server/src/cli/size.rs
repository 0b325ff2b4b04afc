//! Sizes in bytes, as people write them.

/// Reads `2G`, `500 MB`, `1.5GiB` or `1000000`. K, M, G and T are powers of 1024, with or without `B` or `iB`.
pub(super) fn parse(text: &str) -> Result<u64, String> {
    let wrong = || format!("\"{text}\" is no size: write 500M, 2G or a number of bytes");
    let trimmed = text.trim();
    let digits = trimmed.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(trimmed.len());
    let (number, unit) = trimmed.split_at(digits);
    let shift = match unit.trim().to_ascii_uppercase().as_str() {
        "" | "B" => 0,
        "K" | "KB" | "KIB" => 10,
        "M" | "MB" | "MIB" => 20,
        "G" | "GB" | "GIB" => 30,
        "T" | "TB" | "TIB" => 40,
        _ => return Err(wrong()),
    };
    let number: f64 = number.parse().map_err(|_| wrong())?;
    let bytes = number * (1u64 << shift) as f64;
    // Beyond 2^53 bytes a sum of frames would lose its last digits, and no machine has them.
    if bytes < 1.0 || bytes > (1u64 << 53) as f64 {
        return Err(format!("{text} is out of range: give 1 byte to 8192T"));
    }
    Ok(bytes as u64)
}

/// Whole megabytes (2^20), for people.
pub(super) fn megabytes(bytes: u64) -> String {
    format!("{} MB", bytes.div_ceil(1 << 20))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_as_people_write_them() {
        for (text, bytes) in [
            ("1000", 1000),
            ("2G", 2 << 30),
            ("1.5 gib", 3 << 29),
            ("500MB", 500 << 20),
            ("1k", 1024),
            (" 7B ", 7),
        ] {
            assert_eq!(parse(text), Ok(bytes), "{text}");
        }
    }

    #[test]
    fn nonsense_is_refused() {
        for text in ["", "G", "-1", "1.2.3M", "2 gigs", "0", "9e9", "99999T", "NaN", "inf"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
