//! What is answered when a request cannot be served, by status: told once, referred to by every operation.

use std::collections::BTreeMap;
use utoipa::openapi::header::HeaderBuilder;
use utoipa::openapi::schema::Type;
use utoipa::openapi::{ContentBuilder, ObjectBuilder, OpenApi, Ref, RefOr, Response, ResponseBuilder};
use utoipa::{IntoResponses, Modify};

type Answers = BTreeMap<String, RefOr<Response>>;

/// In which shape a failure is told.
#[derive(Debug, Clone, Copy)]
enum Shape {
    /// RFC 9457, for `/api/v1`.
    Problem,
    /// `{"error": ...}`, as the original told it.
    Error,
    /// `{"error": ...}` for scripts, a page for people: at addresses that serve both.
    ErrorOrPage,
}

/// Every answer that some operation refers to; `tests/openapi.rs` holds that none is missing or left over.
const NAMED: [(Shape, &[u16]); 3] = [
    (Shape::Problem, &[400, 401, 403, 404, 408, 409, 411, 413, 416, 422, 429, 500, 503, 507]),
    (Shape::Error, &[400, 401, 403, 404, 409, 413, 416, 500, 503, 507]),
    (Shape::ErrorOrPage, &[400, 403, 404, 408, 409, 413, 422, 429, 500, 503, 507]),
];

impl Shape {
    fn name(self, status: u16) -> String {
        let shape = match self {
            Shape::Problem => "Problem",
            Shape::Error => "Error",
            Shape::ErrorOrPage => "ErrorOrPage",
        };
        format!("{shape}{status}")
    }

    fn refer(self, statuses: &[u16]) -> Answers {
        let reference = |status: u16| RefOr::Ref(Ref::from_response_name(self.name(status)));
        statuses.iter().map(|status| (status.to_string(), reference(*status))).collect()
    }

    fn answer(self, status: u16) -> Response {
        let json = |schema| ContentBuilder::new().schema(Some(Ref::from_schema_name(schema))).build();
        let page =
            || ContentBuilder::new().schema(Some(ObjectBuilder::new().schema_type(Type::String))).build();
        let answer = ResponseBuilder::new().description(meaning(status));
        let answer = match self {
            Shape::Problem => answer.content("application/problem+json", json("Problem")),
            Shape::Error => answer.content("application/json", json("ErrorTold")),
            Shape::ErrorOrPage => {
                answer.content("application/json", json("ErrorTold")).content("text/html", page())
            }
        };
        with_header(answer, status).build()
    }
}

fn meaning(status: u16) -> &'static str {
    match status {
        400 => "What was sent cannot be read.",
        401 => "Whoever asks is not known here: no session, no worker's token, or one that has ended.",
        403 => "The form token is missing or of another session, or a browser sends this from another site.",
        404 => "There is no such thing, or it belongs to someone else.",
        408 => "The body broke off or came too slowly.",
        409 => "It is not in the state for this: closed, not failed, full, or its lease is lost.",
        411 => "The length must be told before the body.",
        413 => "The body is longer than this server takes.",
        416 => "There are no such bytes.",
        422 => "What was sent can be read and cannot be used.",
        429 => "Too often, or too many at once.",
        500 => "A fault of the server; its log has the cause under the number in the sentence.",
        503 => "Not now: the server is busy, or its database or storage does not answer.",
        _ => "No room: the user's quota or the storage is full.",
    }
}

fn with_header(answer: ResponseBuilder, status: u16) -> ResponseBuilder {
    let (name, kind, about) = match status {
        401 => ("WWW-Authenticate", Type::String, "`Bearer`"),
        429 | 503 => ("Retry-After", Type::Integer, "Seconds after which the same may succeed."),
        507 => ("Retry-After", Type::Integer, "Seconds; not sent where the user's quota is full."),
        _ => return answer,
    };
    let header = HeaderBuilder::new().schema(Some(ObjectBuilder::new().schema_type(kind)));
    answer.header(name, header.description(Some(about)).build())
}

/// Puts the answers under the names by which operations refer to them.
pub(super) struct Named;

impl Modify for Named {
    fn modify(&self, description: &mut OpenApi) {
        let components = description.components.get_or_insert_default();
        for (shape, statuses) in NAMED {
            let answers =
                statuses.iter().map(|status| (shape.name(*status), RefOr::T(shape.answer(*status))));
            components.responses.extend(answers);
        }
    }
}

/// One status, told as a problem.
pub(in crate::http) struct Problems<const STATUS: u16>;

impl<const STATUS: u16> IntoResponses for Problems<STATUS> {
    fn responses() -> Answers {
        Shape::Problem.refer(&[STATUS])
    }
}

/// One status, told as the original did.
pub(in crate::http) struct Errors<const STATUS: u16>;

impl<const STATUS: u16> IntoResponses for Errors<STATUS> {
    fn responses() -> Answers {
        Shape::Error.refer(&[STATUS])
    }
}

/// One status, told to scripts or to people.
pub(in crate::http) struct Pages<const STATUS: u16>;

impl<const STATUS: u16> IntoResponses for Pages<STATUS> {
    fn responses() -> Answers {
        Shape::ErrorOrPage.refer(&[STATUS])
    }
}

macro_rules! together {
    ($($(#[$doc:meta])* $name:ident: $shape:ident $statuses:expr;)*) => {$(
        $(#[$doc])*
        pub(in crate::http) struct $name;

        impl IntoResponses for $name {
            fn responses() -> Answers {
                Shape::$shape.refer(&$statuses)
            }
        }
    )*};
}

together! {
    /// What every request can meet that needs a user or a worker and changes nothing.
    Reading: Problem [401, 500, 503];
    /// The same, where something is changed.
    Changing: Problem [401, 403, 500, 503];
    /// [`Reading`] at the original's addresses.
    LegacyReading: Error [401, 500, 503];
    /// [`Changing`] at the original's addresses.
    LegacyChanging: Error [401, 403, 500, 503];
}
