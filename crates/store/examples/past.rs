//! Writes a log that never happened: weeks of work of a few editors, for pictures and measurements.
//!
//! `past FOLDER ROWS DAYS NOW_MS ID,NAME,PROVIDER...` fills `FOLDER/logs.db`. The same arguments write the same rows.
//! The accounts come in the order in which they are asked.

use std::env::args;
use std::path::Path;

use serde_json::json;
use store::{LogRow, Logs};

const HOUR_MS: f64 = 3_600_000.0;
/// Rows between two waits for the writer, which takes no more than a few thousand at once.
const BATCH: usize = 4000;

/// Name, user agent, dialect, path, share of all requests.
const CLIENTS: [(&str, &str, &str, &str, u64); 8] = [
    ("Claude Code", "claude-cli/2.1.329 (external, cli)", "anthropic_messages", "/v1/messages", 46),
    ("Cline", "Cline/3.38.1", "anthropic_messages", "/v1/messages", 14),
    ("Zed", "Zed/1.14.2 (linux; x86_64)", "anthropic_messages", "/v1/messages", 11),
    ("opencode", "opencode/1.2.11", "openai_chat", "/v1/chat/completions", 9),
    ("Continue", "continue/1.3.29", "openai_chat", "/v1/chat/completions", 7),
    ("openai-python", "OpenAI/Python 3.52.0", "openai_chat", "/v1/chat/completions", 6),
    ("Switchboard", "Mozilla/5.0 (X11; Linux x86_64)", "anthropic_messages", "/v1/messages", 5),
    ("curl", "curl/8.14.1", "anthropic_messages", "/v1/messages", 2),
];

struct Model {
    asked: &'static str,
    bedrock: &'static str,
    /// `None` where Kiro does not serve it.
    kiro: Option<&'static str>,
    wire: &'static str,
    /// USD per million tokens: in, out, from the cache, into the cache.
    price: [f64; 4],
    share: u64,
}

const MODELS: [Model; 5] = [
    Model {
        asked: "claude-sonnet-4-5",
        bedrock: "us.anthropic.claude-sonnet-4-5-20250929-v1:0",
        kiro: Some("claude-sonnet-4.5"),
        wire: "anthropic_messages",
        price: [3.0, 15.0, 0.3, 3.75],
        share: 54,
    },
    Model {
        asked: "claude-haiku-4-5",
        bedrock: "us.anthropic.claude-haiku-4-5-20251001-v1:0",
        kiro: Some("claude-haiku-4.5"),
        wire: "anthropic_messages",
        price: [1.0, 5.0, 0.1, 1.25],
        share: 24,
    },
    Model {
        asked: "claude-opus-4-5",
        bedrock: "us.anthropic.claude-opus-4-5-20251101-v1:0",
        kiro: None,
        wire: "anthropic_messages",
        price: [5.0, 25.0, 0.5, 6.25],
        share: 10,
    },
    Model {
        asked: "qwen3-coder-30b",
        bedrock: "qwen.qwen3-coder-30b-a3b-v1:0",
        kiro: None,
        wire: "bedrock_converse",
        price: [0.15, 0.6, 0.15, 0.15],
        share: 7,
    },
    Model {
        asked: "nova-pro",
        bedrock: "us.amazon.nova-pro-v1:0",
        kiro: None,
        wire: "bedrock_converse",
        price: [0.8, 3.2, 0.2, 0.8],
        share: 5,
    },
];

/// Category, status for the client, upstream's status, code and words, whether another account may take over, share.
type Failure = (&'static str, u16, Option<u16>, Option<&'static str>, &'static str, bool, u64);

const FAILURES: [Failure; 8] = [
    (
        "rate_limited",
        429,
        Some(429),
        Some("ThrottlingException"),
        "Too many requests, please wait before trying again.",
        true,
        34,
    ),
    (
        "overloaded",
        529,
        Some(503),
        Some("ServiceUnavailableException"),
        "The service is temporarily unavailable.",
        true,
        20,
    ),
    ("cancelled", 499, None, None, "The client left before the answer was complete.", false, 16),
    (
        "context_length",
        400,
        Some(400),
        Some("ValidationException"),
        "Input is too long for requested model.",
        false,
        9,
    ),
    (
        "invalid_request",
        400,
        Some(400),
        Some("ValidationException"),
        "messages.14.content.0.tool_result: no tool call with this id comes before it.",
        false,
        7,
    ),
    (
        "permission_denied",
        403,
        Some(403),
        Some("AccessDeniedException"),
        "You don't have access to the model with the specified model ID.",
        false,
        6,
    ),
    ("timeout", 504, None, None, "There was no first byte within 600 s.", true, 5),
    ("local_key", 401, None, None, "The local key is missing or wrong.", false, 3),
];

struct Account {
    id: String,
    name: String,
    provider: String,
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut words = args().skip(1);
    let mut word = |name: &str| words.next().ok_or(format!("{name} is missing"));
    let folder = word("FOLDER")?;
    let count: usize = word("ROWS")?.parse()?;
    let days: u64 = word("DAYS")?.parse()?;
    let now_ms: i64 = word("NOW_MS")?.parse()?;
    let accounts: Vec<Account> = words.filter_map(|words| account(&words)).collect();
    if accounts.is_empty() {
        return Err("an account is missing: ID,NAME,PROVIDER".into());
    }
    let mut dice = Dice(7);
    let mut times: Vec<i64> = (0..count).map(|_| dice.time(days, now_ms)).collect();
    times.sort_unstable();
    let logs = Logs::open(Path::new(&folder), now_ms)?;
    let sink = logs.sink();
    let waiting = tokio::runtime::Builder::new_current_thread().build()?;
    for batch in times.chunks(BATCH) {
        for time_ms in batch {
            sink.record(row(*time_ms, &accounts, &mut dice));
        }
        waiting.block_on(logs.flush())?;
    }
    logs.close();
    Ok(())
}

fn account(words: &str) -> Option<Account> {
    let mut words = words.splitn(3, ',').map(str::to_owned);
    Some(Account { id: words.next()?, name: words.next()?, provider: words.next()? })
}

fn row(time_ms: i64, accounts: &[Account], dice: &mut Dice) -> LogRow {
    let (client, user_agent, dialect, path, _) = CLIENTS[dice.pick(CLIENTS.map(|client| client.4))];
    let model = &MODELS[dice.pick(MODELS.each_ref().map(|model| model.share))];
    let serving: Vec<&Account> =
        accounts.iter().filter(|account| account.provider == "bedrock" || model.kiro.is_some()).collect();
    // Most requests go to the first; somebody used another for a day now and then.
    let first = serving[dice.pick([86, 9, 5]).min(serving.len() - 1)];
    let failure = dice.one_in(22).then(|| FAILURES[dice.pick(FAILURES.map(|failure| failure.6))]);
    let rescued = failure.is_some_and(|failure| failure.5) && serving.len() > 1 && !dice.one_in(3);
    let other = serving.iter().find(|other| other.id != first.id).copied();
    let account = if rescued { other.unwrap_or(first) } else { first };
    let served = |account: &Account| match model.kiro {
        Some(kiro) if account.provider != "bedrock" => kiro,
        _ => model.bedrock,
    };
    let mut row = LogRow {
        time_ms,
        request_id: format!("req_{:016x}{:016x}", dice.next(), dice.next()),
        client: client.into(),
        user_agent: user_agent.into(),
        dialect: dialect.into(),
        method: "POST".into(),
        path: path.into(),
        model_asked: model.asked.into(),
        stream: !dice.one_in(7),
        attempts: 1,
        status: 200,
        ..LogRow::default()
    };
    let first_byte = dice.around(640.0, 0.5);
    if let Some((category, status, upstream, code, said, _, _)) = failure {
        let after_ms = if category == "timeout" { 600_000.0 } else { dice.around(180.0, 0.6) };
        if category != "local_key" {
            row.failover_from = Some(json!([{
                "account": first.name, "model": served(first), "category": category, "status": upstream,
                "after_ms": after_ms.round(),
            }]));
        }
        if !rescued {
            row.status = status;
            row.error_category = Some(category.into());
            row.error_message = Some(said.into());
            row.upstream_status = upstream;
            row.upstream_code = code.map(Into::into);
            row.total_ms = if category == "cancelled" { dice.around(9000.0, 0.8) } else { after_ms };
            row.incomplete = category == "cancelled";
            if category == "cancelled" {
                row.status = 200;
                row.failover_from = None;
                row.first_byte_ms = Some(first_byte);
            }
            if category == "local_key" {
                // Refused before anybody looked at what was asked.
                row.attempts = 0;
                row.model_asked.clear();
                return row;
            }
        } else {
            row.attempts = 2;
        }
    }
    row.account_id = Some(account.id.clone());
    row.account_name = Some(account.name.clone());
    row.provider = Some(account.provider.clone());
    row.model_served = Some(served(account).into());
    row.upstream_wire = Some(if account.provider == "bedrock" { model.wire } else { "amazon_q" }.into());
    if row.error_category.is_some() {
        return row;
    }
    let bare = client == "curl" || client == "Switchboard";
    let output = dice.around(if bare { 180.0 } else { 620.0 }, 0.9).max(3.0);
    let cached = if bare { 0.0 } else { dice.around(24_000.0, 0.7) };
    let tokens = [dice.around(if bare { 90.0 } else { 1400.0 }, 1.0).max(8.0), output, cached, cached * 0.06];
    row.first_byte_ms = Some(first_byte);
    row.total_ms = first_byte + output * dice.around(14.0, 0.25);
    let counts = tokens.map(|count| Some(count.round() as u64));
    [row.input_tokens, row.output_tokens, row.cache_read_tokens, row.cache_write_tokens] = counts;
    row.stop_reason = Some(if dice.one_in(3) { "end_turn" } else { "tool_use" }.into());
    row.upstream_request_id = Some(format!(
        "{:08x}-{:04x}-4e1f-9d2a-{:012x}",
        dice.next() as u32,
        dice.next() as u16,
        dice.next() >> 16
    ));
    if account.provider == "bedrock" {
        let [input, output, read, written] = tokens;
        let [a, b, c, d] = model.price;
        row.cost_usd = Some((input * a + output * b + read * c + written * d) / 1e6);
    } else {
        row.usage_estimated = true;
        row.credits = Some((dice.around(0.6, 0.8) * 100.0).round() / 100.0);
    }
    if dialect == "openai_chat" {
        row.adjustments = vec!["cache_points_added".into()];
    }
    row
}

/// Chance that is the same each time: splitmix64.
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// From 0 to before 1.
    fn share(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1u64 << 53) as f64
    }

    fn one_in(&mut self, many: u64) -> bool {
        self.next().is_multiple_of(many)
    }

    /// A place in `shares`, each as often as it is large.
    fn pick<const N: usize>(&mut self, shares: [u64; N]) -> usize {
        let mut left = self.next() % shares.iter().sum::<u64>();
        shares
            .iter()
            .position(|share| {
                let here = left < *share;
                left = left.saturating_sub(*share);
                here
            })
            .unwrap_or(0)
    }

    /// Around `middle`, mostly within a factor of e to the `spread`, seldom far above.
    fn around(&mut self, middle: f64, spread: f64) -> f64 {
        let sum: f64 = (0..6).map(|_| self.share()).sum::<f64>() - 3.0;
        middle * (sum * spread * 1.4).exp()
    }

    /// Some time of the last `days` days: work of nine hours that ends about now, little on two days of seven.
    fn time(&mut self, days: u64, now_ms: i64) -> i64 {
        loop {
            let back = self.next() % days.max(1);
            let rest = matches!(back % 7, 4 | 5);
            if rest && !self.one_in(6) {
                continue;
            }
            // Two humps: before and after a meal.
            let hump = if self.one_in(2) { 6.6 } else { 2.2 };
            let hours = (hump + (self.share() + self.share() - 1.0) * 2.6).clamp(0.004, 9.5);
            return now_ms - ((back as f64 * 24.0 + hours) * HOUR_MS) as i64;
        }
    }
}
