use super::*;

#[test]
fn what_stands_around_the_persons_words_is_not_theirs() {
    assert_eq!(own_words("hi"), "hi");
    let tags = "<thinking_mode>enabled</thinking_mode><max_thinking_length>8000</max_thinking_length>\n\nhi";
    assert_eq!(own_words(tags), "hi");
    let reminded = "<system-reminder>a</system-reminder>\n\nhi <b>\n\n<system-reminder>b</system-reminder>";
    assert_eq!(own_words(reminded), "hi <b>");
    assert_eq!(own_words("<system-reminder>a</system-reminder>"), "<system-reminder>a</system-reminder>");
    assert_eq!(own_words("<system-reminder>a"), "<system-reminder>a");
}
