//! The description of the interface for programs, OpenAPI 3.1.

use utoipa::OpenApi;

/// Its head; the routes describe themselves.
#[derive(Debug, OpenApi)]
#[openapi(info(title = "CrowdSky", description = "Raw frames in, 15-minute stacks out."))]
struct About;

/// The description without its routes.
pub(super) fn about() -> utoipa::openapi::OpenApi {
    About::openapi()
}
