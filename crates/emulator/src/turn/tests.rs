use serde_json::json;

use super::*;

#[test]
fn the_last_turn_is_read_in_both_dialects() {
    let anthropic = json!([
        { "role": "user", "content": "first" },
        { "role": "assistant", "content": "yes" },
        { "role": "user", "content": [
            { "type": "tool_result", "tool_use_id": "t", "content": [{ "type": "text", "text": "4 C" }] },
            { "type": "text", "text": "and tomorrow?" },
        ] },
        { "role": "system", "content": "plan mode" },
    ]);
    let converse = json!([
        { "role": "user", "content": [{ "text": "first" }] },
        { "role": "assistant", "content": [{ "text": "yes" }] },
        { "role": "user", "content": [
            { "toolResult": { "toolUseId": "t", "content": [{ "text": "4 C" }] } },
            { "text": "and tomorrow?" },
        ] },
    ]);
    let expected = Turn { texts: vec!["and tomorrow?".into()], tool_result: Some("4 C".into()) };
    assert_eq!(Turn::read(&anthropic), expected);
    assert_eq!(Turn::read(&converse), expected);
}

#[test]
fn a_clients_reminders_are_not_the_prompt() {
    let messages = json!([
        { "role": "user", "content": [
            { "type": "text", "text": "<system-reminder>context</system-reminder>" },
            { "type": "text", "text": "What is in notes.txt?" },
        ] },
        { "role": "user", "content": "<system-reminder>plan mode</system-reminder>" },
    ]);
    assert_eq!(Turn::read(&messages).prompt(), "What is in notes.txt?");
}
