//! The description of the interface for programs, OpenAPI 3.1: its head. The routes describe themselves.

mod answers;

use answers::Named;
pub(super) use answers::{Changing, Errors, LegacyChanging, LegacyReading, Pages, Problems, Reading};

use super::compat::ErrorTold;
use super::error::Problem;
use super::session;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::{Modify, OpenApi};

#[derive(Debug, OpenApi)]
#[openapi(
    info(
        title = "CrowdSky",
        description = "Raw frames in, 15-minute stacks out. Every answer has `X-Request-Id`, by which the log knows it; a method \
                       that an address does not take is answered with 405 and `Allow`.",
        license(name = "MIT OR Apache-2.0", identifier = "MIT OR Apache-2.0"),
    ),
    servers((url = "/", description = "The server that this was read from.")),
    tags(
        (name = "uploads", description = "Upload sessions: start, check, send files, finalise into jobs."),
        (name = "jobs", description = "The user's jobs, and what changes about them."),
        (name = "stacks", description = "The user's finished stacks."),
        (name = "work", description = "What workers ask: claim, fetch frames, stage artefacts, complete. Every request about a \
                                       job carries the token of its lease."),
        (name = "scripts of the original", description = "What the scripts of the original's pages call. Forms are read as \
                                                          leniently as the original read them."),
        (name = "worker of the original", description = "What the original's worker calls. Queries and bodies are read as \
                                                         leniently as the original read them."),
        (name = "operation", description = "For those who run the server."),
    ),
    components(schemas(Problem, ErrorTold)),
    modifiers(&Schemes, &Named),
)]
struct About;

/// Who may ask.
struct Schemes;

impl Modify for Schemes {
    fn modify(&self, description: &mut utoipa::openapi::OpenApi) {
        let session = format!(
            "The session that `POST /login.php` has opened. With https the cookie is called `{}`.",
            session::SECURE
        );
        let csrf = "The session's form token: `<meta name=\"csrf-token\">` of every page. Only requests that change something \
                    need it.";
        let worker = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .description(Some("The token that `crowdsky worker-token new` has printed."))
            .build();
        let schemes = [
            ("session", cookie(session::PLAIN, &session)),
            ("csrf", header("X-CSRF-Token", csrf)),
            ("worker", SecurityScheme::Http(worker)),
        ];
        let components = description.components.get_or_insert_default();
        for (name, scheme) in schemes {
            components.add_security_scheme(name, scheme);
        }
    }
}

fn cookie(name: &str, about: &str) -> SecurityScheme {
    SecurityScheme::ApiKey(ApiKey::Cookie(ApiKeyValue::with_description(name, about)))
}

fn header(name: &str, about: &str) -> SecurityScheme {
    SecurityScheme::ApiKey(ApiKey::Header(ApiKeyValue::with_description(name, about)))
}

/// The description without its routes.
pub(super) fn about() -> utoipa::openapi::OpenApi {
    About::openapi()
}
