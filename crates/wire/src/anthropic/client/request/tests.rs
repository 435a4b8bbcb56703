use super::*;

#[test]
fn versions_are_read_from_names() {
    for (name, expected) in [
        ("claude-sonnet-4-5-20250929", (4, 5)),
        ("claude-opus-5", (5, 0)),
        ("claude-opus-5-5", (5, 5)),
        ("claude-sonnet-4-20250514", (4, 0)),
        ("claude-3-5-sonnet-20241022", (3, 5)),
        ("claude-haiku-4.5", (4, 5)),
        ("something", (0, 0)),
    ] {
        assert_eq!(version(name), expected, "{name}");
    }
}
