//! Could this many stars agree by accident?

/// Chance of a false match that one call may carry.
const ALLOWED: f64 = 1e-6;

/// Fewer never suffice, whatever the field: three stars on a line of hot pixels are a cheap accident.
pub(crate) const MIN_MATCHES: usize = 4;

/// Pairs within `radius` px that unrelated stars would give: `n1 n2 pi r^2 / area`.
pub(super) fn expected_matches(n1: usize, n2: usize, radius: f64, size: (usize, usize)) -> f64 {
    let area = size.0 as f64 * size.1 as f64;
    n1 as f64 * n2 as f64 * std::f64::consts::PI * radius * radius / area
}

/// Whether `matches` pairs are more than `trials` independent tries would give by accident: `trials lambda^m / m! < 1e-6`,
/// the leading term of the Poisson tail.
///
/// Two of the matches are spent on choosing the rotation and shift and are not counted again as evidence: they are
/// in `trials`.
pub(super) fn is_significant(matches: usize, expected: f64, trials: f64) -> bool {
    if matches < MIN_MATCHES {
        return false;
    }
    let m = matches as f64;
    let log_factorial: f64 = (2..=matches).map(|k| (k as f64).ln()).sum();
    // The tail bound holds above the mean only; below it nothing is surprising.
    m > expected && trials.max(1.0).ln() + m * expected.max(1e-300).ln() - log_factorial < ALLOWED.ln()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rule_says_no_to_few_and_yes_to_many() {
        let size = (1080, 1920);
        let crowded = expected_matches(50, 50, 3.0, size);
        assert!(!is_significant(5, crowded, 9e4) && is_significant(7, crowded, 9e4));
        let sparse = expected_matches(10, 10, 3.0, size);
        assert!(!is_significant(3, sparse, 1.0) && is_significant(4, sparse, 9e4));
        assert!(!is_significant(40, 50.0, 1.0), "fewer than chance gives");
    }
}
