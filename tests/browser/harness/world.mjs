//! Somebody's Switchboard after weeks of work: accounts in every state, a log, conversations.

import { write } from './png.mjs';
import { startEmulator } from './processes.mjs';

const API_KEY = { kind: 'kiro_api_key', api_key: 'ksk_api-key' };
const SOCIAL = { kind: 'kiro_social', refresh_token: 'aor-social' };
const BUILDER_ID = { kind: 'oidc_refresh_token', refresh_token: 'aor-builder-id', client_id: 'client-builder-id', client_secret: 'secret-builder-id', start_url: 'https://view.awsapps.com/start' };

/** What the emulator is to be for it: most of the month's credits are used. */
export const MOSTLY_USED = { credits: 1000, spent: 862.4 };

/** Makes all of it. Returns how to let go of what it started. */
export async function furnish(product, emulator) {
  const spent = await startEmulator({ credits: 50, spent: 50 });
  await product.admin('PUT', '/api/settings', { capture: { enabled: true, max_kb: 256, keep_mb: 100 } });
  const work = await product.bedrock('Work', emulator);
  const team = await product.bedrock('Team role', emulator, 'eu-west-1');
  const mine = await product.kiro('Personal', emulator, API_KEY);
  const side = await product.kiro('Side project', emulator, SOCIAL);
  const trial = await product.kiro('Trial', spent, BUILDER_ID);
  const old = await product.bedrock('Old laptop', emulator, 'us-west-2');
  await product.admin('PATCH', `/api/accounts/${old.id}`, { enabled: false });
  await product.admin('POST', `/api/accounts/${work.id}/activate`);
  await product.admin('PUT', '/api/settings', { failover: { enabled: true }, model_rules: [{ name: 'gpt-4o', model: 'claude-sonnet-4-5' }, { name: 'gpt-*', client: 'Cline', model: 'claude-haiku-4-5', account: mine.id }] });

  await product.end();
  product.past(3200, 60, [work, mine, team]);
  await product.begin();

  const ask = (account, prompt, more = {}) => product.ask(prompt, { 'x-switchboard-account': account.id }, more);
  await ask(team, '[[fault:expired]] hello');
  await ask(side, '[[fault:q_suspended]] hello');
  await ask(trial, 'hello');
  const { id } = await product.ask(CODE, {}, { stream: true, system: 'Answer briefly.' });
  const conversations = await converse(product, work, id);
  for (const [prompt, client] of RECENT) await product.ask(prompt, { 'user-agent': client }, { stream: true });
  // Who was throttled rests no more.
  await product.end();
  await product.begin();
  const { rows } = await product.admin('GET', '/api/logs?limit=20');
  const row = (fits) => rows.find(fits).id;
  return {
    ...conversations,
    emulator: emulator.url,
    trial: trial.id,
    rows: {
      kept: row((row) => row.request_id === id),
      failed: row((row) => row.error_category === 'context_length'),
      moved: row((row) => row.attempts > 1 && row.status === 200),
    },
    stop: () => spent.stop(),
  };
}

const CODE = 'Write a Rust function that reverses the words of a line, and say why it allocates once.';

const RECENT = [
  ['Rename the field in every caller.', 'Cline/3.38.1'],
  ['[[fault:throttle 1]] Why does this test hang?', 'claude-cli/2.1.329 (external, cli)'],
  ['[[fault:too-long]] Read the whole repository.', 'Zed/1.14.2'],
  ['Write the release notes.', 'claude-cli/2.1.329 (external, cli)'],
  ['Explain this stack trace.', 'claude-cli/2.1.329 (external, cli)'],
];

const answer = (more) => ({
  model: 'claude-sonnet-4-5', account: null, state: 'done', content: [], usage: null, stopReason: 'end_turn', error: null, requestId: null,
  servedBy: 'Work', servedModel: null, costUsd: null, firstMs: null, totalMs: null, ...more,
});
const options = { system: '', maxTokens: 8192, temperature: null, effort: null, thinking: false, tools: false };
const said = (...content) => ({ role: 'user', content });
const text = (words) => ({ type: 'text', text: words });

/** Conversations with all that an answer can hold. */
async function converse(product, { id }, requestId) {
  const put = async (title, turns, more = {}) => {
    const messages = { version: 1, options: { ...options, ...more }, turns };
    const head = await product.admin('POST', '/api/conversations', { title, model: 'claude-sonnet-4-5', account_id: id, messages });
    return { id: head.id, words: turns[0].content.at(-1).text };
  };
  for (const title of ['Regex for semantic versions', 'Translate the release notes', 'Why is SQLite busy?', 'A name for the new crate']) {
    await put(title, [said(text(title)), { role: 'assistant', chosen: 0, answers: [answer({ content: [text('Here is one way.')] })] }]);
  }
  const image = { type: 'image', source: { type: 'base64', media_type: 'image/png', data: chart(240, 150).toString('base64') } };
  const picture = await put('What does this chart show?', [
    said(image, text('What does this chart show, and is the dip on Thursday real?')),
    { role: 'assistant', chosen: 0, answers: [answer({
      content: [text('It shows **requests by day**. The dip on Thursday is real: the error rate rose in the same hours, so the clients gave up rather than slowed down.\n\n| day | requests | errors |\n|---|---:|---:|\n| Wednesday | 1,204 | 9 |\n| Thursday | 611 | 187 |\n| Friday | 1,180 | 12 |')],
      usage: { input: 1480, output: 96, cacheRead: 0, cacheWrite: 0 }, costUsd: 0.0059, firstMs: 812, totalMs: 3140, requestId: 'req_pictured',
    })] },
  ]);
  const side = await put('Which sort is stable?', [
    said(text('Which of Rust’s slice sorts is stable, in one sentence?')),
    { role: 'assistant', chosen: 0, answers: [
      answer({ content: [text('`slice::sort` is stable; `slice::sort_unstable` is not, but it is usually faster and allocates nothing.')], usage: { input: 21, output: 34, cacheRead: 0, cacheWrite: 0 }, costUsd: 0.0006, firstMs: 640, totalMs: 1210, requestId: 'req_one' }),
      answer({ model: 'claude-haiku-4-5', servedBy: 'Personal', content: [text('`sort`, `sort_by` and `sort_by_key` keep equal elements in order; the `_unstable` ones do not.')], usage: { input: 21, output: 29, cacheRead: 0, cacheWrite: 0 }, costUsd: 0.0002, firstMs: 310, totalMs: 590, requestId: 'req_two' }),
    ] },
  ]);
  const code = await put('Reverse the words of a line', [
    said(text(CODE)),
    { role: 'assistant', chosen: 0, answers: [answer({
      content: [
        { type: 'thinking', signature: 'sandbox', thinking: 'The words are separated by whitespace. rev() needs a double-ended iterator; SplitWhitespace is one. Collecting into a String needs a capacity to allocate once.' },
        text('The result is as long as the line, so the room for it is known beforehand:\n\n```rust\n/// The words of `line` in reverse order, one space between them.\npub fn reversed(line: &str) -> String {\n    let mut out = String::with_capacity(line.len());\n    for word in line.split_whitespace().rev() {\n        if !out.is_empty() {\n            out.push(\' \');\n        }\n        out.push_str(word);\n    }\n    out\n}\n```\n\n1. `SplitWhitespace` is double-ended, so `rev` costs nothing.\n2. `with_capacity` is the **one** allocation; `push_str` never grows it.\n\n> Several spaces in a row become one.'),
      ],
      usage: { input: 1210, output: 318, cacheRead: 8400, cacheWrite: 0 }, costUsd: 0.0109, firstMs: 1460, totalMs: 6820, requestId,
    })] },
    said(text('And with a test?')),
    { role: 'assistant', chosen: 0, answers: [answer({
      content: [
        text('I look at what the module already tests.'),
        { type: 'tool_use', id: 'toolu_1', name: 'read_file', input: { path: 'src/text/tests.rs', lines: [1, 40] } },
      ],
      stopReason: 'tool_use', usage: { input: 1640, output: 61, cacheRead: 8400, cacheWrite: 0 }, costUsd: 0.0084, firstMs: 930, totalMs: 1720, requestId: 'req_tool',
    })] },
  ], { tools: true });
  return { picture, side, code };
}

/** Bars on white. */
function chart(width, height) {
  const pixels = Buffer.alloc(width * height * 3, 255);
  const heights = [0.7, 0.8, 0.78, 0.36, 0.74, 0.2, 0.16];
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const at = Math.floor((x / width) * heights.length);
      const bar = (x / width) * heights.length - at < 0.7 && height - y < heights[at] * height;
      if (bar) pixels.set(at === 3 ? [179, 38, 30] : [68, 80, 196], (y * width + x) * 3);
    }
  }
  return write(width, height, pixels);
}
