//! Labels of strangers as file names beside each other.

use super::slug;
use std::collections::HashSet;

/// The names given so far.
#[derive(Debug, Default)]
pub struct Names(HashSet<String>);

impl Names {
    /// A safe file name for a label, and one that has not been given before, nor differs from one by its capitals alone: not
    /// all file systems tell them apart. What comes twice has its number before it.
    pub fn unique(&mut self, label: &str) -> String {
        let name = slug(label);
        let first = self.0.len();
        let numbered = (first..).map(|k| format!("{k:05}_{name}"));
        let mut candidates = std::iter::once(name.clone()).chain(numbered);
        let free = candidates.find(|name| !self.0.contains(&name.to_ascii_lowercase())).unwrap_or(name);
        self.0.insert(free.to_ascii_lowercase());
        free
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn named(labels: &[&str]) -> Vec<String> {
        let mut names = Names::default();
        labels.iter().map(|label| names.unique(label)).collect()
    }

    #[test]
    fn what_comes_twice_is_numbered_and_hits_no_other() {
        assert_eq!(named(&["a.fit", "A.fit", "b.fit"]), ["a.fit", "00001_A.fit", "b.fit"]);
        // Real frames that are called as another would be called, before and after it.
        assert_eq!(named(&["00002_a.fit", "a.fit", "a.fit"]), ["00002_a.fit", "a.fit", "00003_a.fit"]);
        assert_eq!(named(&["a.fit", "a.fit", "00001_a.fit"]), ["a.fit", "00001_a.fit", "00002_00001_a.fit"]);
    }

    proptest! {
        #[test]
        fn no_name_is_given_twice(labels in prop::collection::vec("(0000[0-4]_){0,2}[aA]", 0..12)) {
            let mut names = Names::default();
            let given: HashSet<String> = labels.iter().map(|label| names.unique(label).to_lowercase()).collect();
            prop_assert_eq!(given.len(), labels.len());
        }
    }
}
