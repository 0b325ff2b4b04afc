//! Role `config`, and the example of a configuration.

use crate::harness::Bench;
use crowdsky_server::config::Settings;
use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

/// Keys of a table, as `section.key`.
fn keys(value: &toml::Value, path: &str, found: &mut BTreeSet<String>) {
    match value {
        toml::Value::Table(table) => {
            for (key, value) in table {
                keys(value, &format!("{path}.{key}"), found);
            }
        }
        _ => {
            found.insert(path.trim_start_matches('.').to_owned());
        }
    }
}

fn keys_of(toml: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    keys(&toml.parse::<toml::Table>().unwrap().into(), "", &mut found);
    found
}

fn example() -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("crowdsky.example.toml")).unwrap()
}

/// The example with its lines `# key = value` as if they stood there.
fn uncommented() -> String {
    let is_key = |line: &&str| {
        let key = line.strip_prefix("# ").and_then(|line| line.split_once(" = "));
        key.is_some_and(|(key, _)| key.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_'))
    };
    let line = |line: &str| if is_key(&line) { line[2..].to_owned() } else { line.to_owned() };
    example().lines().map(line).collect::<Vec<_>>().join("\n")
}

#[test]
fn the_example_has_every_key_there_is_and_no_other() {
    let all: Settings = toml::from_str(&uncommented()).unwrap();
    // With every key set, the settings say all that can be said; secrets themselves are never written.
    let known = keys_of(&toml::to_string(&all).unwrap());
    assert_eq!(keys_of(&uncommented()), known);
    assert!(known.len() > 80, "{}", known.len());
}

#[test]
fn the_example_as_it_stands_is_the_defaults() {
    let bench = Bench::new();
    std::fs::write(bench.path("example.toml"), example()).unwrap();
    let given = bench.crowdsky(["config", "dump", "--config", "example.toml"]);
    std::fs::write(bench.path("empty.toml"), "").unwrap();
    let defaults = bench.crowdsky(["config", "dump", "--config", "empty.toml"]);
    assert_eq!(given.succeeds().out, defaults.succeeds().out);
    bench.crowdsky(["config", "check", "--config", "example.toml"]).succeeds();
}

#[test]
fn an_unknown_key_and_a_wrong_value_are_named() {
    let bench = Bench::new();
    for (toml, words) in [
        ("[http]\nlissen = \"127.0.0.1:1\"", ["http", "lissen"]),
        ("[jobs]\nlease_s = \"long\"", ["jobs.lease_s", "expected"]),
        ("[accounts]\nbcrypt_cost = 50", ["accounts.bcrypt_cost", "4 to 31"]),
        ("[database]\nurl = \"postgres://h/d\"", ["database.url", "mysql://"]),
        ("[worker]\ntoken_file = \"nowhere\"", ["worker.token_file", "nowhere"]),
    ] {
        std::fs::write(bench.path("bad.toml"), toml).unwrap();
        bench.crowdsky(["config", "check", "--config", "bad.toml"]).fails(1, &words);
    }
    bench.crowdsky(["config", "check", "--config", "none.toml"]).fails(1, &["none.toml", "no such file"]);
}

/// Secrets of every kind in every place, and a file that cannot be parsed: none is shown.
#[test]
fn u35_no_secret_is_ever_printed() {
    let bench = Bench::new();
    let places = "[database]\nurl = \"mysql://sky:hush@h/d\"\npassword = \"hush\"\n\
        [storage.raws]\nkind = \"webdav\"\nurl = \"https://h/s/hush\"\n\
        [storage.stacks]\nkind = \"webdav\"\nurl = \"https://h/x\"\nuser = \"sky\"\npassword = \"hush\"\n\
        [worker]\ntoken = \"hush\"\n";
    std::fs::write(bench.path("secrets.toml"), places).unwrap();
    let dump = bench.crowdsky(["config", "dump", "--config", "secrets.toml"]);
    assert!(
        !dump.succeeds().out.contains("hush") && dump.out.contains("mysql://sky:***@h/d"),
        "{}",
        dump.out
    );
    for broken in
        ["[database]\npassword = hush", "[database]\npassword = [\"hush\"]", "[worker]\ntoken = \"hush"]
    {
        std::fs::write(bench.path("broken.toml"), broken).unwrap();
        let run = bench.crowdsky(["config", "dump", "--config", "broken.toml"]);
        assert!(run.status == 1 && !run.err.contains("hush"), "{run:?}");
    }
}

#[test]
fn the_environment_is_read_and_a_password_of_digits_is_none_the_less_one() {
    let bench = Bench::new();
    let run = |variables: &[(&str, &str)]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_crowdsky"));
        command.args(["config", "dump"]).current_dir(bench.path(".")).envs(variables.iter().copied());
        command.output().unwrap()
    };
    let given =
        run(&[("CROWDSKY__HTTP__LISTEN", "127.0.0.1:9000"), ("CROWDSKY__DATABASE__PASSWORD", "0123")]);
    let text = String::from_utf8(given.stdout).unwrap();
    assert!(given.status.success() && text.contains("listen = \"127.0.0.1:9000\""), "{text}");
    assert!(!run(&[("CROWDSKY__HTTP__LISSEN", "x")]).status.success());
}
