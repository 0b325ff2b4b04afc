//! What is odd about a file that could be read all the same.

use alloc::{format, string::String, vec::Vec};
use core::fmt;

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Against the letter of the standard, read without loss.
    Warning,
    /// Something is lost or cannot be trusted: a value, the rest of a file, a checksum.
    Error,
}

impl Severity {
    /// `warning` or `error`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Severity::Warning => "warning",
            Severity::Error => "error",
        }
    }
}

macro_rules! codes {
    ($($(#[doc = $doc:literal])+ $name:ident = $number:literal $severity:ident,)+) => {
        /// The kinds of finding. Numbers stay as they are once released; new kinds get new numbers.
        ///
        /// 1xx structure of the file, 2xx mandatory keywords, 3xx single cards, 4xx meaning of cards, 5xx tables,
        /// 6xx checksums, 7xx the facts of an exposure.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        #[repr(u16)]
        pub enum Code { $($(#[doc = $doc])+ $name = $number,)+ }

        impl Code {
            /// Every code there is.
            pub const ALL: &'static [Code] = &[$(Code::$name,)+];

            /// How bad it is.
            pub const fn severity(self) -> Severity {
                match self { $(Code::$name => Severity::$severity,)+ }
            }
        }
    };
}

codes! {
    /// The header's last block is not filled up.
    HeaderPaddingMissing = 101 Warning,
    /// The bytes after END are not blanks.
    HeaderPaddingNotBlank = 102 Warning,
    /// The data's last block is not filled up.
    DataPaddingMissing = 103 Warning,
    /// The bytes after the data are not zero.
    DataPaddingNotZero = 104 Warning,
    /// Bytes after the last unit.
    TrailingBytes = 105 Warning,
    /// Fewer data bytes than declared.
    DataTruncated = 106 Error,
    /// A later unit cannot be read; the walk ends before it.
    UnitUnreadable = 107 Error,
    /// The END card holds more than END.
    EndNotBlank = 108 Warning,
    /// More findings than the limit; the message says how many.
    MoreFindings = 199 Warning,
    /// A mandatory keyword is not where it belongs.
    MandatoryOrder = 201 Warning,
    /// A mandatory keyword is not in fixed format.
    MandatoryFormat = 202 Warning,
    /// A mandatory keyword is missing; its usual value is assumed.
    MandatoryMissing = 203 Warning,
    /// A mandatory keyword has an unusual value.
    MandatoryValue = 204 Warning,
    /// A keyword with characters that are not allowed.
    KeywordIllegal = 301 Warning,
    /// A keyword in lower case.
    KeywordLowercase = 302 Warning,
    /// `=` without a blank after it.
    NoBlankAfterEquals = 303 Warning,
    /// Neither a value (`= ` in columns 9 and 10) nor a comment.
    NoValueIndicator = 304 Warning,
    /// A string without its closing quote; all the rest of the card is taken.
    StringUnterminated = 305 Warning,
    /// Text between the value and the comment's slash.
    TextAfterValue = 306 Warning,
    /// A value of no type; its text is kept.
    ValueUnreadable = 307 Error,
    /// A number with a lower-case exponent.
    ExponentLowercase = 308 Warning,
    /// A number that is not finite.
    NotFinite = 309 Warning,
    /// An integer beyond 64 bits; its text is kept.
    IntegerTooLarge = 310 Warning,
    /// A byte that is not printable ASCII, read as Latin-1.
    NotAscii = 311 Warning,
    /// A keyword that is there twice; the first counts.
    DuplicateKeyword = 312 Warning,
    /// CONTINUE without a string to continue.
    ContinueOrphan = 313 Warning,
    /// A long string cut at the limit.
    LongStringCut = 314 Error,
    /// BLANK with floating-point pixels.
    BlankOnFloat = 401 Warning,
    /// BSCALE, BZERO or another number that is no number; its default is assumed.
    ScalingUnreadable = 402 Error,
    /// The columns do not fill the rows.
    RowWidth = 501 Warning,
    /// A column keyword that cannot be used.
    ColumnKeyword = 502 Warning,
    /// A table whose rows cannot be read; its header can.
    TableUnreadable = 503 Error,
    /// The data does not have its DATASUM.
    DatasumMismatch = 601 Error,
    /// The unit does not have its CHECKSUM.
    ChecksumMismatch = 602 Error,
    /// DATASUM or CHECKSUM is not of its form.
    ChecksumUnreadable = 603 Warning,
    /// A fact of the exposure is missing.
    FrameKeywordMissing = 701 Warning,
    /// A fact of the exposure is there but cannot be used.
    FrameKeywordUnusable = 702 Error,
}

impl Code {
    /// The stable number, such as 312.
    pub const fn number(self) -> u16 {
        self as u16
    }
}

/// One thing that is odd, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Which kind.
    pub code: Code,
    /// The keyword it is about; empty when it is about no card.
    pub keyword: String,
    /// Byte offset in the (uncompressed) file.
    pub offset: u64,
    /// What is wrong and what was made of it, in words.
    pub message: String,
}

impl Finding {
    /// A finding about `keyword` at byte `offset`.
    pub fn new(code: Code, keyword: &str, offset: u64, message: impl Into<String>) -> Self {
        Finding { code, keyword: keyword.into(), offset, message: message.into() }
    }

    /// How bad it is.
    pub const fn severity(&self) -> Severity {
        self.code.severity()
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = self.severity().as_str();
        write!(f, "{word} {} at byte {}", self.code.number(), self.offset)?;
        if !self.keyword.is_empty() {
            write!(f, " ({})", self.keyword)?;
        }
        write!(f, ": {}", self.message)
    }
}

/// Collects findings up to a limit and counts the rest, so that a file of 70,000 bad cards stays cheap.
#[derive(Debug, Clone)]
pub(crate) struct Findings {
    list: Vec<Finding>,
    limit: usize,
    beyond: usize,
}

impl Findings {
    pub(crate) fn new(limit: usize) -> Self {
        Findings { list: Vec::new(), limit, beyond: 0 }
    }

    pub(crate) fn add(&mut self, code: Code, keyword: &str, offset: u64, message: impl Into<String>) {
        if self.list.len() < self.limit {
            self.list.push(Finding::new(code, keyword, offset, message));
        } else {
            self.beyond += 1;
        }
    }

    pub(crate) fn into_vec(mut self) -> Vec<Finding> {
        if self.beyond > 0 {
            let message = format!("{} more findings are not listed", self.beyond);
            self.list.push(Finding::new(Code::MoreFindings, "", 0, message));
        }
        self.list
    }
}
