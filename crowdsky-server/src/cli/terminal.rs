//! All that is printed goes through here.
//!
//! File names and headers come from strangers and may hold escape sequences that a terminal obeys, so control characters
//! are replaced. And `println!` panics when the reader of a pipe goes away, which is no fault of ours.

use super::exit::Failure;
use serde::Serialize;
use std::io::{self, BufWriter, ErrorKind, Write};

/// Prints a line, or several, to stdout.
pub(super) fn say(text: &str) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    writeln!(out, "{}", printable(text)).and_then(|()| out.flush()).map_err(not_printed)
}

/// Prints a value as JSON to stdout: indented, with a line feed at the end.
pub(super) fn say_json(value: &impl Serialize) -> Result<(), Failure> {
    let mut out = BufWriter::new(io::stdout().lock());
    let written = serde_json::to_writer_pretty(&mut out, value).map_err(io::Error::from);
    written.and_then(|()| writeln!(out)).and_then(|()| out.flush()).map_err(not_printed)
}

/// Prints one line to stderr. Should that fail, nobody is left to be told.
pub(super) fn complain(text: &str) {
    let line = printable(text).replace('\n', " ");
    let _ = writeln!(io::stderr(), "{line}");
}

/// What became of output that could not be written.
pub(super) fn not_printed(error: io::Error) -> Failure {
    match error.kind() {
        ErrorKind::BrokenPipe => Failure::NobodyListens,
        _ => Failure::Failed(format!("cannot write to standard output: {error}")),
    }
}

/// The text without control characters, but for line feeds and tabs.
pub(super) fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() && !matches!(c, '\n' | '\t') { '?' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escape_sequences_do_not_reach_the_terminal() {
        assert_eq!(printable("M \u{1b}[2J94\u{9b}1m\n"), "M ?[2J94?1m\n");
    }
}
