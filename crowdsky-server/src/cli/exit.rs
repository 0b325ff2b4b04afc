//! How a role ends when it does not end well: exit status, and one line that says why.

use std::error::Error;

/// Why a role did not do what it was asked to.
#[derive(Debug)]
pub(super) enum Failure {
    /// Status 1: what, which file, what to do.
    Failed(String),
    /// This status, and all is said already.
    Told(u8),
    /// Status 2: options that make no sense.
    Usage(String),
    /// Status 3: no two frames that fit together.
    Nothing(String),
    /// Status 0: whoever read our output has seen enough (`crowdsky inspect ... | head`).
    NobodyListens,
}

impl Failure {
    /// A failure with everything `error` and its causes say.
    pub(super) fn because(error: &dyn Error) -> Failure {
        Failure::Failed(causes(error))
    }

    pub(super) fn status(&self) -> u8 {
        match self {
            Failure::NobodyListens => 0,
            Failure::Failed(_) => 1,
            Failure::Told(status) => *status,
            Failure::Usage(_) => 2,
            Failure::Nothing(_) => 3,
        }
    }

    pub(super) fn message(&self) -> Option<&str> {
        match self {
            Failure::Failed(message) | Failure::Usage(message) | Failure::Nothing(message) => Some(message),
            Failure::Told(_) | Failure::NobodyListens => None,
        }
    }
}

/// The error and its causes, each said once: some errors quote their cause, others leave it to `source`.
pub fn causes(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        let words = cause.to_string();
        if !text.contains(&words) {
            text.push_str(": ");
            text.push_str(&words);
        }
        next = cause.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug)]
    struct Layer(&'static str, Option<Box<Layer>>);

    impl std::fmt::Display for Layer {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str(self.0)
        }
    }

    impl Error for Layer {
        fn source(&self) -> Option<&(dyn Error + 'static)> {
            self.1.as_deref().map(|cause| cause as _)
        }
    }

    #[test]
    fn every_cause_is_said_once() {
        let error = Layer(
            "a.fit: no space",
            Some(Box::new(Layer("no space", Some(Box::new(Layer("disk 3", None)))))),
        );
        assert_eq!(causes(&error), "a.fit: no space: disk 3");
    }
}
