//! A backend with invented answers, for looking at the screens. Every route the window knows is here, so that each
//! screen shows all it can.

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const now = Date.now();

/** The same numbers every time. */
let seed = 7;
const random = () => ((seed = (seed * 16807) % 2147483647) / 2147483647);
const pick = (list) => list[Math.floor(random() * list.length)];

const account = (id, position, more) => ({
  id, name: id, provider: 'bedrock', policy: 'documented_api', region: 'us-east-1', endpoint_url: null, options: {},
  credential: { kind: 'access_key', label: 'AKIA…WXYZ' }, position, enabled: true, ephemeral: false, active: false,
  state: { kind: 'ready' }, last_error: null, created_ms: now - 9 * DAY, updated_ms: now - DAY, ...more,
});

export const accounts = [
  account('work-sso', 0, { active: true, credential: { kind: 'aws_profile', label: 'work', expires_ms: now + 5.2 * HOUR } }),
  account('personal', 1, { provider: 'amazon_q', policy: 'undocumented_wire', credential: { kind: 'builder_id', label: 'ada@example.com' } }),
  account('team-role', 2, { region: 'eu-west-1', credential: { kind: 'aws_default', label: 'default' }, state: { kind: 'needs_sign_in' }, last_error: { category: 'expired', message: 'The security token included in the request is expired', time_ms: now - 12 * 60_000 } }),
  account('a rather long name for an account of the data platform team', 3, { region: 'ap-northeast-1', state: { kind: 'cooling', until_ms: now + 90_000 }, last_error: { category: 'rate_limited', message: 'Too many tokens', time_ms: now - 30_000 } }),
  account('sandbox', 4, { name: 'Sandbox', provider: 'sandbox', policy: 'offline', ephemeral: true, credential: { kind: 'none', label: 'offline' }, created_ms: 0, updated_ms: 0 }),
];

const models = ['claude-opus-5-5', 'claude-sonnet-5-5', 'claude-haiku-5-5', 'amazon.nova-pro-v2:0'].map((name, at) => ({
  name, display_name: name.replace(/-/g, ' ').replace(/\b\w/g, (c) => c.toUpperCase()), vendor: at < 3 ? 'anthropic' : 'amazon', context: 1_000_000, max_output: 128_000,
  price: { input: 2.2, output: 11, cache_read: 0.22, cache_write: 2.75, cache_write_1h: 4.4 }, tools: true, vision: at < 3, documents: true, thinking: at < 3,
  efforts: at < 3 ? ['low', 'medium', 'high', 'xhigh', 'max'] : [], end_of_life: null,
  accounts: accounts.map(({ id, name: title }) => ({ id, name: title, model_id: `us.anthropic.${name}-v1:0`, wire: 'anthropic_messages' })),
}));

export function row(id, time) {
  const failed = random() < 0.07;
  const over = random() < 0.06;
  const category = failed ? pick(['rate_limited', 'overloaded', 'expired', 'context_length', 'cancelled']) : null;
  const model = pick(models.slice(0, 3)).name;
  const input = Math.floor(random() * 40_000);
  return {
    id, time_ms: time, request_id: `req_${(id * 7919).toString(16).padStart(24, '0')}`, client: pick(['claude-code', 'cline', 'codex', 'curl', 'openai-python']),
    user_agent: 'claude-cli/2.0.14 (external, cli)', dialect: pick(['anthropic_messages', 'anthropic_messages', 'openai_chat', 'openai_responses']), method: 'POST', path: '/v1/messages',
    model_asked: model, model_served: failed ? null : `us.anthropic.${model}-20250929-v1:0`, account_id: 'work-sso', account_name: pick(['work-sso', 'personal']), provider: 'bedrock',
    upstream_wire: 'anthropic_messages', stream: true, attempts: over ? 2 : 1, status: failed ? pick([429, 503, 401, 400]) : 200, error_category: category,
    error_message: failed ? 'Too many requests, please wait before trying again.' : null, upstream_status: failed ? 429 : null, upstream_code: failed ? 'ThrottlingException' : null,
    upstream_request_id: '6f0c1a52-77f3-4d3b-9a1c-1f4f3c0f2a11', first_byte_ms: failed ? null : 300 + random() * 2000, total_ms: 900 + random() * 14_000,
    input_tokens: failed ? null : input, output_tokens: failed ? null : Math.floor(random() * 3000), cache_read_tokens: Math.floor(input * 3 * random()), cache_write_tokens: 0,
    usage_estimated: random() < 0.05, cost_usd: failed ? null : random() * 0.2, credits: null, adjustments: random() < 0.3 ? ['max_tokens:8192', 'thinking:dropped'] : [], dropped_opaque: 0, incomplete: false,
    stop_reason: failed ? null : 'end_turn',
    failover_from: over ? [{ account: 'team-role', model: `eu.anthropic.${model}-v1:0`, category: 'expired', status: 403, after_ms: 214 }] : null,
  };
}

const COUNT = 100_000;
let rows = null;
const allRows = () => (rows ??= Array.from({ length: COUNT }, (_, at) => row(COUNT - at, now - at * 23_000)));

const totals = { requests: 214, errors: 5, input_tokens: 1_620_000, output_tokens: 281_000, cache_read_tokens: 5_310_000, cache_write_tokens: 92_000, cost_usd: 4.12, total_ms: 900_000 };
const group = (key, scale) => ({ key, label: key, requests: Math.round(60 * scale * (0.5 + random())), errors: Math.round(2 * random()), input_tokens: Math.round(4e5 * scale * random()), output_tokens: Math.round(8e4 * scale * random()), cache_read_tokens: Math.round(9e5 * scale * random()), cache_write_tokens: Math.round(3e4 * scale), cost_usd: 3 * scale * random() });

const settings = {
  port: 4880, bind: '127.0.0.1', allow_lan: false, require_key: true, failover: { enabled: true, order: [], on_quota: false }, retention_days: 30, retention_mb: 512,
  timeouts: { connect_s: 10, first_byte_s: 300, idle_s: 300 }, extra_hosts: [], allowed_origins: ['https://app.example.com'], debug_log: false, reasoning_content: true, auto_cache: '5m',
  model_aliases: { 'gpt-4o': 'claude-sonnet-5-5' }, prefer_global: false, forbid_global: false, capture: { enabled: true, max_kb: 512, keep_mb: 256 }, upstream_proxy: null, ca_file: null,
  notifications: { sign_in_expiring: true, failover: true, suspended: true, quota: true, port_taken: true, stopped: true }, first_run_done: true,
};

const capture = (id) => ({
  request_id: id,
  client: { method: 'POST', path: '/v1/messages', headers: [['content-type', 'application/json'], ['x-api-key', '<redacted>'], ['anthropic-version', '2023-06-01']], body: JSON.stringify({ model: 'claude-sonnet-5-5', max_tokens: 8192, stream: true, messages: [{ role: 'user', content: 'hi' }] }), body_bytes: 118 },
  attempts: [{ account: 'work-sso', model: 'us.anthropic.claude-sonnet-5-5', url: 'https://bedrock-runtime.us-east-1.amazonaws.com/model/us.anthropic.claude-sonnet-5-5/invoke-with-response-stream', headers: [['authorization', '<redacted>'], ['content-type', 'application/json']], body: JSON.stringify({ anthropic_version: 'bedrock-2023-05-31', max_tokens: 8192 }), body_bytes: 97, status: 200, response_headers: [], started_ms: 4, first_byte_ms: 611, ended_ms: 2210, events: [{ at_ms: 611, name: 'message_start', data: '{"type":"message_start"}' }, { at_ms: 640, name: 'content_block_delta', data: '{"type":"content_block_delta","delta":{"text":"Hel"}}' }], events_truncated: false }],
  timing: { received_ms: 0, read_ms: 1, routed_ms: 2, sent_ms: 34, first_byte_ms: 611, first_content_ms: 640, ended_ms: 2210 },
});

const check = (id, state, title_code, message, fix = null, params = {}) => ({ id, state, title_code, params, message, fix });
const client = (id, name, state, more = {}) => ({ id, name, kind: 'cli', state, last_seen_ms: state === 'connected' ? now - 12_000 : null, version: '2.0.14', note_code: null, steps: [{ os: 'macOS, Linux', kind: 'env', text: 'export ANTHROPIC_BASE_URL=http://127.0.0.1:4880\nexport ANTHROPIC_API_KEY=sk-switchboard-…', copy: 'x' }, { os: null, kind: 'file', text: '{\n  "env": { "ANTHROPIC_BASE_URL": "http://127.0.0.1:4880" }\n}', copy: 'x' }], ...more });

export const ANSWER = '## A small table\n\n| Language | Typing | Speed |\n|---|---|---|\n| Python | dynamic | slow |\n| Go | static | fast |\n| Rust | static | fastest |\n\nA **proxy** stands between; see https://example.com/docs, or `curl`.\n\n```rust\n/// Reverses the words of a line.\nfn reverse(line: &str) -> String {\n    let mut words: Vec<&str> = line.split(\' \').collect();\n    words.reverse(); // in place\n    words.join(" ")\n}\n```\n\n1. One\n2. Two\n   - [x] done\n   - [ ] open\n\n> Quoted. <script>alert(1)</script>';

/** An answer of the proxy, as Anthropic streams it. */
export function stream({ tools, thinking, messages }) {
  const wantsTool = tools && typeof messages.at(-1).content !== 'string' && messages.at(-1).content.every((block) => block.type !== 'tool_result');
  const blocks = [
    ...(thinking ? [[{ type: 'thinking', thinking: '', signature: '' }, [{ type: 'thinking_delta', thinking: 'The person wants a table.\nI give one.' }, { type: 'signature_delta', signature: 'c2ln' }]]] : []),
    wantsTool
      ? [{ type: 'tool_use', id: 'toolu_1', name: 'get_weather', input: {} }, [{ type: 'input_json_delta', partial_json: '{"city":"Shen' }, { type: 'input_json_delta', partial_json: 'zhen"}' }]]
      : [{ type: 'text', text: '' }, ANSWER.match(/[\s\S]{1,40}/g).map((text) => ({ type: 'text_delta', text }))],
  ];
  const events = [{ type: 'message_start', message: { usage: { input_tokens: 412, cache_read_input_tokens: 1200, cache_creation_input_tokens: 0, output_tokens: 1 } } }];
  blocks.forEach(([content_block, deltas], index) => {
    events.push({ type: 'content_block_start', index, content_block }, ...deltas.map((delta) => ({ type: 'content_block_delta', index, delta })), { type: 'content_block_stop', index });
  });
  events.push({ type: 'message_delta', delta: { stop_reason: wantsTool ? 'tool_use' : 'end_turn' }, usage: { output_tokens: 231 } }, { type: 'message_stop' });
  return events.map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`).join('');
}

function page(question) {
  const limit = Number(question.get('limit') ?? 100);
  const before = Number(question.get('before') ?? Infinity);
  const all = allRows().filter((one) => one.id < before && (!question.has('errors') || one.error_category) && (!question.has('failed_over') || one.failover_from));
  const found = all.slice(0, limit);
  return { rows: found, next: all.length > limit ? found.at(-1).id : null };
}

function usage(question) {
  const since = Number(question.get('since_ms'));
  const step = question.get('step') === 'hour' ? HOUR : DAY;
  const keys = { account: ['work-sso', 'personal', 'team-role'], model: ['claude-opus-5-5', 'claude-sonnet-5-5', 'claude-haiku-5-5'], client: ['claude-code', 'cline', 'codex'] }[question.get('group')];
  const buckets = [];
  for (let at = since; at < now; at += step) buckets.push({ start_ms: at, groups: keys.map((key, index) => group(key, 1 / (index + 1))) });
  return { buckets, latency: { p50_ms: 3120, p90_ms: 11_400, p99_ms: 29_800, first_byte_p50_ms: 740, first_byte_p90_ms: 2100 }, errors_by_category: [{ category: 'rate_limited', count: 31 }, { category: 'overloaded', count: 12 }, { category: 'expired', count: 3 }], totals: { ...totals, requests: 2140, errors: 46 } };
}

const conversations = ['Compare Python, Go and Rust in a small table.', 'Why does the borrow checker refuse this?', '为什么天空是蓝色的？'].map((title, at) => ({ id: `c${at}`, title, updated_ms: now - at * 3 * HOUR, model: 'claude-sonnet-5-5', account_id: null }));

/** The answer to one request: `{status, json}`. */
export function answer(method, url, options = {}) {
  const { pathname: path, searchParams: question } = new URL(url);
  const ok = (json, status = 200) => ({ status, json });
  const missing = { status: 404, json: { code: 'unknown_route', message: 'There is no such route', params: {} } };
  const own = options.overrides?.[`${method} ${path}`];
  if (own) return typeof own === 'function' ? own(question) : ok(own);
  switch (path) {
    case '/api/session': return ok({ authenticated: true, csrf: 'c', host: 'desktop', capabilities: { autostart: true, reveal: true, notify: true, quit: true }, needs: null, version: '0.1.0' });
    case '/api/shell/autostart': return ok({ on: true });
    case '/api/status': return ok({ service: 'switchboard', version: '0.1.0', pid: 4242, started_ms: now - 3 * HOUR, uptime_s: 10_800, port: 4880, addresses: ['127.0.0.1:4880', '[::1]:4880'], require_key: true, active_account: { id: 'work-sso', name: 'work-sso', provider: 'bedrock', state: { kind: 'ready' } }, accounts: 5, accounts_ready: 3, today: totals, dropped_log_rows: 0, paused: false, port_problem: null });
    case '/api/accounts': return method === 'POST' ? ok(account('new', 5), 201) : ok({ accounts });
    case '/api/accounts/order': return ok({ accounts });
    case '/api/accounts/removed': return ok({ accounts: [{ id: 'old', name: 'old key', provider: 'bedrock', removed_ms: now - 2 * DAY }] });
    case '/api/accounts/personal/quota': return ok({ plan: 'KIRO PRO', unit: 'credits', used: 918, limit: 1000, remaining: 82, resets: Math.floor(now / 1000) + 9 * 86_400, overage: null, parts: [] });
    case '/api/providers': return ok({ providers: [
      { id: 'bedrock', name: 'Amazon Bedrock', policy: 'documented_api', policy_note: null, regions: ['us-east-1', 'us-west-2', 'eu-west-1'], credentials: [{ kind: 'access_key', fields: [{ name: 'access_key_id', secret: false, required: true }, { name: 'secret_access_key', secret: true, required: true }, { name: 'session_token', secret: true, required: false }] }, { kind: 'bedrock_api_key', fields: [{ name: 'api_key', secret: true, required: true }] }, { kind: 'aws_profile', fields: [{ name: 'profile', secret: false, required: true }] }, { kind: 'aws_default', fields: [] }] },
      { id: 'amazon_q', name: 'Kiro and Amazon Q', policy: 'undocumented_wire', policy_note: 'The vendor does not document this interface for third parties.', regions: ['us-east-1'], credentials: [{ kind: 'builder_id', fields: [{ name: 'refresh_token', secret: true, required: true }] }], consented_ms: null },
      { id: 'sandbox', name: 'Sandbox', policy: 'offline', policy_note: null, regions: ['us-east-1'], credentials: [] },
    ] });
    case '/api/models': return ok({ models, problems: [] });
    case '/api/settings': return ok(settings);
    case '/api/keys/local': return ok({ key: 'sk-switchboard-0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef', base_urls: { anthropic: new URL(url).origin, openai: `${new URL(url).origin}/v1` } });
    case '/api/logs': return ok(page(question));
    case '/api/logs/stats': return ok({ totals, by_account: [{ ...totals, key: 'work-sso', requests: 31, errors: 2, total_ms: 99_000 }, { ...totals, key: 'personal', requests: 4, errors: 0, total_ms: 21_000, cost_usd: 0 }], by_model: models.map(({ name }) => ({ ...totals, key: name })), by_client: ['claude-code', 'cline', 'codex'].map((key) => ({ ...totals, key })), hours: Array.from({ length: 14 }, (_, at) => ({ ...totals, hour_ms: new Date().setHours(at, 0, 0, 0), requests: Math.round(20 * Math.abs(Math.sin(at))) })), dropped_rows: 0 });
    case '/api/usage': return ok(usage(question));
    case '/api/conversations': return method === 'POST' ? ok({ ...conversations[0], id: 'c9' }, 201) : ok({ conversations, next: null });
    case '/api/clients': return ok({ clients: [client('claude-code', 'Claude Code', 'connected'), client('codex', 'Codex', 'not_connected'), client('cursor', 'Cursor', 'not_connected', { note_code: 'needs_public_url' }), client('cline', 'Cline', 'not_installed', { version: null })] });
    case '/api/diagnostics': return ok({ checks: [check('port', 'ok', 'port', '127.0.0.1:4880, [::1]:4880'), check('loopback', 'ok', 'loopback', ''), check('clock', 'warn', 'clock', 'The clock is 74 s behind.', { action: 'open_settings', params: {} }), check('keychain', 'ok', 'keychain', 'Secret Service'), check('a1', 'ok', 'account', 'claude-haiku-5-5 · 640 ms', null, { name: 'work-sso' }), check('a2', 'fail', 'account', 'The security token included in the request is expired', null, { name: 'team-role' }), check('dns', 'running', 'dns', '')] });
    case '/api/diagnostics/bundle': return ok({ files: [{ name: 'status.json', text: '{\n  "version": "0.1.0"\n}' }] });
  }
  if (path.startsWith('/api/logs/capture/')) return ok(capture(path.split('/').at(-1)));
  if (/^\/api\/logs\/\d+$/.test(path)) return ok(allRows().find(({ id }) => id === Number(path.split('/').at(-1))) ?? allRows()[0]);
  if (path.endsWith('/test')) return ok({ ok: true, model: 'claude-haiku-5-5', latency_ms: 640, clock_offset_s: 1, error: null });
  if (path.startsWith('/api/conversations/')) return ok({ ...conversations[0], messages: { version: 1, options: {}, turns: [] } });
  return missing;
}
