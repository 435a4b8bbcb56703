//! The pages where a person says yes or no, for a browser that a test plays the person with.

use bytes::Bytes;
use http::request::Parts;

use super::errors::case;
use super::external::member;
use super::ledger::Kiro;
use super::sign_in::Query;
use crate::Refusal;
use crate::reply::Reply;

/// The parameter by which a page's own links tell what the person decided.
const DECISION: &str = "person";

/// What the person decided on the page of a browser that was sent here.
pub(super) enum Decision {
    Undecided,
    Agrees,
    Declines,
}

pub(super) fn decision(asked: &Query) -> Decision {
    match asked.get(DECISION) {
        Ok("agrees") => Decision::Agrees,
        Ok(_) => Decision::Declines,
        Err(_) => Decision::Undecided,
    }
}

/// The page that a browser is sent to: two links that lead here again.
pub(super) fn consent(head: &Parts) -> Reply {
    let here = head.uri.path_and_query().map_or_else(String::new, ToString::to_string);
    page(&format!(
        "<p>Switchboard wants to act for you.</p><p><a href=\"{0}&amp;{DECISION}=agrees\">Allow</a> \
         <a href=\"{0}&amp;{DECISION}=declines\">Deny</a></p>",
        escaped(&here)
    ))
}

/// The page for the code that a device shows.
pub(super) fn device(head: &Parts) -> Reply {
    let asked = Query::of(head);
    let code = asked.get("user_code").unwrap_or_default();
    page(&format!(
        "<form method=\"post\" action=\"/device\"><label>Code <input name=\"user_code\" value=\"{}\"></label> \
         <button name=\"decision\" value=\"allow\">Confirm and continue</button> \
         <button name=\"decision\" value=\"deny\">Deny</button></form>",
        escaped(code)
    ))
}

/// What the person pressed on that page.
pub(super) fn decided(kiro: &Kiro, body: &Bytes) -> Result<Reply, Refusal> {
    let code = member(body, "user_code").unwrap_or_default();
    let allowed = member(body, "decision").as_deref() == Some("allow");
    if kiro.decide(&code, allowed) {
        return Ok(page(if allowed { "<p>Request approved.</p>" } else { "<p>Request denied.</p>" }));
    }
    Err(case("invalid_request").because(format!("no device waits with {code}")))
}

fn page(content: &str) -> Reply {
    let text = format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>Sign in</title></head>\
         <body><h1>Sign in</h1>{content}</body></html>"
    );
    Reply::whole(200, text.into()).with_type("text/html; charset=utf-8")
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
