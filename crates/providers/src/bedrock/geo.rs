//! Inference-profile prefixes: which part of the world may serve a request.

/// Prefixes seen in front of foundation-model ids.
const PREFIXES: [&str; 13] =
    ["us", "eu", "apac", "jp", "au", "in", "global", "us-gov", "ca", "sa", "mx", "me", "af"];

/// Splits `us.anthropic.claude-…` into its prefix and the foundation id.
pub(super) fn split(id: &str) -> (Option<&str>, &str) {
    match id.split_once('.') {
        Some((prefix, rest)) if rest.contains('.') && PREFIXES.contains(&prefix) => (Some(prefix), rest),
        _ => (None, id),
    }
}

/// The place of a prefix in the table, for caches.
pub(super) fn index(prefix: &str) -> Option<usize> {
    PREFIXES.iter().position(|known| *known == prefix)
}

/// How many prefixes there are.
pub(super) const COUNT: usize = PREFIXES.len();

/// Where requests may be sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Residency {
    /// Try the global profile first: about ten percent cheaper, any region may answer.
    pub prefer_global: bool,
    /// Never use the global profile.
    pub forbid_global: bool,
}

/// The prefixes to try from a region, best first. AWS names profiles after the part of the world they stay in;
/// Japan and Australia have their own besides `apac`.
pub(super) fn order(region: &str, residency: Residency) -> Vec<&'static str> {
    let local: &[&'static str] = match region {
        _ if region.starts_with("us-gov-") => &["us-gov"],
        _ if region.starts_with("us-") || region.starts_with("ca-") || region.starts_with("sa-") => &["us"],
        _ if region.starts_with("eu-") => &["eu"],
        "ap-northeast-1" | "ap-northeast-3" => &["jp", "apac"],
        "ap-southeast-2" | "ap-southeast-4" => &["au", "apac"],
        _ if region.starts_with("ap-south-") => &["in", "apac"],
        _ if region.starts_with("ap-") => &["apac"],
        _ => &[],
    };
    let mut order = local.to_vec();
    if !residency.forbid_global && !region.starts_with("us-gov-") {
        order.insert(if residency.prefer_global { 0 } else { order.len() }, "global");
    }
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_split_at_a_known_prefix_only() {
        assert_eq!(split("us.anthropic.claude-opus-5"), (Some("us"), "anthropic.claude-opus-5"));
        assert_eq!(split("us-gov.openai.gpt-oss-20b-1:0"), (Some("us-gov"), "openai.gpt-oss-20b-1:0"));
        assert_eq!(split("deepseek.v3.2"), (None, "deepseek.v3.2"));
        assert_eq!(split("opus"), (None, "opus"));
    }

    #[test]
    fn every_part_of_the_world_has_its_order() {
        let plain = Residency::default();
        assert_eq!(order("us-east-1", plain), ["us", "global"]);
        assert_eq!(order("eu-central-1", plain), ["eu", "global"]);
        assert_eq!(order("ap-northeast-1", plain), ["jp", "apac", "global"]);
        assert_eq!(order("ap-southeast-2", plain), ["au", "apac", "global"]);
        assert_eq!(order("ap-south-1", plain), ["in", "apac", "global"]);
        assert_eq!(order("ap-southeast-1", plain), ["apac", "global"]);
        assert_eq!(order("me-central-1", plain), ["global"]);
        assert_eq!(order("us-gov-west-1", plain), ["us-gov"]);
        assert_eq!(
            order("us-east-1", Residency { prefer_global: true, forbid_global: false }),
            ["global", "us"]
        );
        assert_eq!(order("us-east-1", Residency { prefer_global: true, forbid_global: true }), ["us"]);
    }
}
