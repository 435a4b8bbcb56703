//! Ids of answers, for wires that give none.

/// `msg_` and the upstream's id of the request without its hyphens.
pub(crate) fn answer_id(request_id: &str) -> String {
    format!("msg_{}", request_id.replace('-', ""))
}
