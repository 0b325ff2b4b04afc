//! The audit log: who did what. No secrets, and nothing typed into a form: a password may stand in the field for the name.

use crate::store::{AuditEntry, Store, UserId};
use std::sync::Arc;

tokio::task_local! {
    static REQUEST: String;
}

/// Does `work` as part of the request of this id, which its entries will carry.
pub(crate) async fn within<T>(request: String, work: impl Future<Output = T>) -> T {
    REQUEST.scope(request, work).await
}

/// Writes entries.
#[derive(Debug, Clone)]
pub(super) struct Audit(Arc<dyn Store>);

impl Audit {
    pub(super) fn new(store: Arc<dyn Store>) -> Audit {
        Audit(store)
    }

    /// Writes down an event. That it could not be written is no reason to refuse what was asked: it is done already.
    pub(super) async fn note(&self, event: &str, user: Option<UserId>, detail: impl Into<String>) {
        let request_id = REQUEST.try_with(Clone::clone).ok();
        let entry = AuditEntry { user_id: user, event: event.to_owned(), detail: detail.into(), request_id };
        if let Err(error) = self.0.audit(&entry).await {
            tracing::error!(event, %error, "the audit log could not be written");
        }
    }
}
