//! The description of the interface for programs: committed, sound, and true of the router.

use crate::support::app::TestApp;
use crowdsky_server::http::description;
use reqwest::header::ALLOW;
use reqwest::{Method, StatusCode};
use serde_json::Value;
use std::collections::BTreeSet;

const COMMITTED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/openapi.json");
const METHODS: [Method; 5] = [Method::GET, Method::POST, Method::PUT, Method::DELETE, Method::PATCH];

fn described() -> Value {
    serde_json::from_str(&description().unwrap()).unwrap()
}

/// Path, method and operation, of all there are.
fn operations(description: &Value) -> Vec<(&str, Method, &Value)> {
    let mut operations = Vec::new();
    for (path, item) in description["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            operations.push((path.as_str(), method.to_uppercase().parse().unwrap(), operation));
        }
    }
    operations
}

/// An address of that path: numbers and names that nothing has.
fn address(path: &str) -> String {
    let sha256 = "0".repeat(64);
    let parts = [("{id}", "999"), ("{token}", "nobody"), ("{sha256}", &sha256), ("{artifact}", "stack")];
    let address = parts.iter().fold(path.to_owned(), |path, (part, value)| path.replace(part, value));
    assert!(!address.contains('{'), "{path} has a part that this test does not know");
    address
}

/// All values of that key, however deep.
fn all(value: &Value, key: &str, found: &mut Vec<String>) {
    match value {
        Value::Object(map) => {
            found.extend(map.get(key).and_then(Value::as_str).map(str::to_owned));
            map.values().for_each(|value| all(value, key, found));
        }
        Value::Array(list) => list.iter().for_each(|value| all(value, key, found)),
        _ => {}
    }
}

#[test]
fn the_committed_description_is_the_programs_own() {
    let told = description().unwrap() + "\n";
    if std::env::var_os("REGENERATE").is_some() {
        std::fs::write(COMMITTED, &told).unwrap();
    }
    let committed = std::fs::read_to_string(COMMITTED).unwrap();
    assert!(committed == told, "openapi.json is not what the program says: run this test with REGENERATE=1");
}

#[test]
fn the_description_is_sound() {
    let description = described();
    assert!(description["openapi"].as_str().unwrap().starts_with("3.1."));
    assert_eq!(description["info"]["version"], env!("CARGO_PKG_VERSION"));

    let mut references = Vec::new();
    all(&description, "$ref", &mut references);
    for reference in &references {
        let found = description.pointer(reference.strip_prefix('#').unwrap());
        assert!(found.is_some(), "{reference} is nowhere");
    }
    for kind in ["schemas", "responses"] {
        for name in description["components"][kind].as_object().unwrap().keys() {
            let reference = format!("#/components/{kind}/{name}");
            assert!(references.contains(&reference), "nobody refers to {reference}");
        }
    }

    let tags = description["tags"].as_array().unwrap();
    let tags: Vec<&Value> = tags.iter().map(|tag| &tag["name"]).collect();
    let schemes = description["components"]["securitySchemes"].as_object().unwrap();
    let mut names = BTreeSet::new();
    for (path, method, operation) in operations(&description) {
        let name = operation["operationId"].as_str().unwrap();
        assert!(names.insert(name), "two operations are called {name}");
        assert!(operation["tags"].as_array().unwrap().iter().all(|tag| tags.contains(&tag)), "{name}");
        let security = operation["security"].as_array().into_iter().flatten();
        for scheme in security.flat_map(|wanted| wanted.as_object().unwrap().keys()) {
            assert!(schemes.contains_key(scheme), "{name}: {scheme}");
        }
        let parameters = operation["parameters"].as_array().into_iter().flatten();
        let of_path = parameters.filter(|parameter| parameter["in"] == "path");
        let of_path: BTreeSet<&str> = of_path.map(|parameter| parameter["name"].as_str().unwrap()).collect();
        let parts = path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
        assert_eq!(of_path, parts.collect(), "{method} {path}");
        for (status, answer) in operation["responses"].as_object().unwrap() {
            assert!(status.parse::<u16>().is_ok(), "{method} {path}: {status} is no status");
            assert!(
                answer["$ref"].is_string() || answer["description"].is_string(),
                "{method} {path}: {status}"
            );
        }
    }
}

#[tokio::test]
async fn what_is_described_is_routed_and_answers_as_described() {
    let server = TestApp::start().await;
    let stranger = server.visitor();
    let description = described();
    for (path, method, operation) in operations(&description) {
        let answer = stranger.request(method.clone(), &address(path)).send().await.unwrap();
        // Strangers are told to sign in, whether there is such a thing or not: a 404 is that of the router.
        let status = answer.status();
        assert!(
            status != StatusCode::NOT_FOUND && status != StatusCode::METHOD_NOT_ALLOWED,
            "{method} {path}: {status}"
        );
        let described = operation["responses"].as_object().unwrap();
        assert!(described.contains_key(status.as_str()), "{method} {path}: {status} is not described");
        let wants_somebody = operation["security"].is_array();
        let refused = [StatusCode::UNAUTHORIZED, StatusCode::FOUND].contains(&status);
        assert_eq!(wants_somebody, refused, "{method} {path}: {status}");
    }
}

#[tokio::test]
async fn other_methods_are_refused_with_those_there_are() {
    let server = TestApp::start().await;
    let stranger = server.visitor();
    let description = described();
    let operations = operations(&description);
    let paths: BTreeSet<&str> = operations.iter().map(|(path, ..)| *path).collect();
    for path in paths {
        let there: BTreeSet<&str> =
            operations.iter().filter(|(of, ..)| *of == path).map(|(_, method, _)| method.as_str()).collect();
        for method in METHODS.iter().filter(|method| !there.contains(method.as_str())) {
            let answer = stranger.request(method.clone(), &address(path)).send().await.unwrap();
            assert_eq!(answer.status(), StatusCode::METHOD_NOT_ALLOWED, "{method} {path}");
            let allow = answer.headers()[ALLOW].to_str().unwrap().to_owned();
            // Who may GET may ask for the head alone.
            let allow: BTreeSet<&str> =
                allow.split(',').map(str::trim).filter(|name| *name != "HEAD").collect();
            assert_eq!(allow, there, "{method} {path}");
        }
    }
}

#[tokio::test]
async fn the_description_is_served() {
    let server = TestApp::start().await;
    let answer = server.visitor().get("/api/openapi.json").await;
    assert_eq!(answer.status(), StatusCode::OK);
    assert_eq!(answer.headers()["content-type"], "application/json");
    assert_eq!(answer.text().await.unwrap(), description().unwrap());
}
