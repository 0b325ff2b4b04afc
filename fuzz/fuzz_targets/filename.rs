//! File and folder names: parsed, printed, parsed again.
#![no_main]

use crowdsky_core::filename::crowdsky_stack_name;
use crowdsky_core::{Exposure, Extension, FileName, Filter, FolderName};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Ok(name) = text.parse::<FileName>() {
        let printed = name.to_string();
        let (stem, extension) = Extension::split(text).expect("a file name that was read has an extension");
        assert_eq!(printed, format!("{stem}{extension}"), "only the extension's case may change");
        assert_eq!(printed.parse(), Ok(name));
        // It is used as the last part of a path, so it must be one.
        assert!(!printed.contains(['/', '\\', '\0']) && printed != ".." && printed.len() <= 255);
    }
    if let Ok(folder) = text.parse::<FolderName>() {
        assert_eq!(folder.to_string(), text);
        assert!(!text.contains(['/', '\\', '\0']) && text != "." && text != "..");
    }
    // What a header says of object, filter and exposure becomes a name that can be read, whatever it says.
    let (object, filter) = text.split_at(text.floor_char_boundary(text.len() / 2));
    let filter: Option<Filter> = filter.parse().ok();
    let exposure = Exposure::from_seconds(text.len() as f64 / 8.0).expect("a short exposure");
    let slot = "20250327.05".parse().expect("a slot");
    let name = crowdsky_stack_name(16, Some(object), exposure, filter.as_ref(), slot, None);
    assert_eq!(name.to_string().parse(), Ok(name));
});
