//! What scripts and templates may not do.

use std::collections::BTreeSet;
use std::path::Path;

/// All files below the folder with this ending, and what is in them.
fn sources(folder: &str, ending: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.to_string_lossy().ends_with(ending) {
                let text = std::fs::read_to_string(&path).unwrap();
                found.push((path.display().to_string(), text));
            }
        }
    }
    found
}

/// A name in a FITS header is a text, never a part of the page (U-16).
#[test]
fn u16_scripts_make_no_markup_of_data() {
    let scripts = sources("static", ".js");
    assert!(scripts.len() >= 40);
    for (name, text) in scripts {
        let forbidden = [
            "innerHTML",
            "outerHTML",
            "insertAdjacentHTML",
            "document.write",
            "DOMParser",
            "srcdoc",
            "eval(",
            "new Function",
            "createContextualFragment",
            "setAttribute(\"style",
        ];
        for word in forbidden {
            assert!(!text.contains(word), "{name} uses {word}");
        }
        assert!(!text.contains("https://") && !text.contains("http://"), "{name} asks another server");
    }
}

/// The policy forbids them, so they would not work.
#[test]
fn u16_templates_have_no_script_or_style_within() {
    let templates = sources("templates", ".html");
    assert!(templates.len() >= 6);
    for (name, text) in templates {
        assert!(!text.contains("<style") && !text.contains(" style=\""), "{name} has a style within");
        assert!(!text.contains("javascript:") && !text.contains("|safe"), "{name}");
        for script in text.split("<script").skip(1) {
            assert!(
                script.trim_start().starts_with("type=\"module\" src=\"/static/"),
                "{name} has a script within"
            );
        }
        let handler = text.split_whitespace().find(|word| word.starts_with("on") && word.contains("=\""));
        assert_eq!(handler, None, "{name}");
    }
}

/// "Check my FITS" explains every finding there is (tests/web/check.test.js looks at the words).
#[test]
fn every_code_of_a_finding_is_explained() {
    let text =
        std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("static/check/findings.js"))
            .unwrap();
    let entries = text.lines().filter_map(|line| line.strip_prefix("  ")?.strip_suffix(": {"));
    let explained: BTreeSet<u16> = entries.filter_map(|entry| entry.parse().ok()).collect();
    let codes: BTreeSet<u16> = crowdsky_fits::Code::ALL.iter().map(|code| code.number()).collect();
    assert_eq!(explained, codes);
}
