//! Numbers for people, as the window writes them.

use super::Locale;

/// 1,234 below ten thousand, 1.2M above; the Chinese count in ten thousands.
pub(super) fn compact(value: u64, locale: Locale) -> String {
    if value < 10_000 {
        return grouped(value);
    }
    let steps: &[(f64, &str)] = match locale {
        Locale::English => &[(1e12, "T"), (1e9, "B"), (1e6, "M"), (1e3, "K")],
        Locale::SimplifiedChinese => &[(1e12, "万亿"), (1e8, "亿"), (1e4, "万")],
    };
    let value = value as f64;
    // What is rounded to a thousand of a step is one of the next.
    let step = steps.iter().find(|(size, _)| value / size >= 0.99995).unwrap_or(&(1.0, ""));
    let scaled = format!("{:.1}", value / step.0);
    format!("{}{}", scaled.strip_suffix(".0").unwrap_or(&scaled), step.1)
}

/// With a comma every three digits, which both languages do.
pub(super) fn grouped(value: u64) -> String {
    let digits = value.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Dollars: cents, and more digits for less than ten of them.
pub(super) fn usd(value: f64) -> String {
    let value = if value.is_finite() { value.max(0.0) } else { 0.0 };
    if value == 0.0 || value >= 0.1 {
        let cents = (value * 100.0).round() as u64;
        return format!("${}.{:02}", grouped(cents / 100), cents % 100);
    }
    format!("${value:.4}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short() {
        let cases = [
            (0, "0", "0"),
            (9_999, "9,999", "9,999"),
            (12_345, "12.3K", "1.2万"),
            (999_999, "1M", "100万"),
            (1_900_000, "1.9M", "190万"),
            (2_000_000_000, "2B", "20亿"),
        ];
        for (value, english, chinese) in cases {
            assert_eq!(compact(value, Locale::English), english);
            assert_eq!(compact(value, Locale::SimplifiedChinese), chinese);
        }
    }

    #[test]
    fn money_has_cents() {
        assert_eq!(usd(0.0), "$0.00");
        assert_eq!(usd(4.123), "$4.12");
        assert_eq!(usd(1234.5), "$1,234.50");
        assert_eq!(usd(0.0123), "$0.0123");
        assert_eq!(usd(f64::NAN), "$0.00");
    }
}
