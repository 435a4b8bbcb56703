// The official `openai` package: responses.
import OpenAI from 'openai';
import {
  base, key, BREAK, CALL, CLAUDE, LONG, PACE, STALL, THROTTLE, colourful, failure, getWeather, hello, leaving, named,
  need, nonce, serve,
} from './checks.mjs';

// Every fault must be seen, so the SDK must not try again.
const client = new OpenAI({ apiKey: key, baseURL: base + '/v1', maxRetries: 0, timeout: 30_000 });
const parameters = { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] };
const tools = [
  { type: 'function', name: 'get_weather', description: 'The weather of a city', parameters, strict: false },
  { type: 'custom', name: 'run' },
  { type: 'local_shell' },
  { type: 'shell', environment: { type: 'local' } },
  { type: 'apply_patch' },
];
const forms = [
  [CALL, 'function_call'],
  ['[[tool:run {"input":"a\\n\\"b\\""}]]', 'custom_tool_call'],
  ['[[tool:local_shell {"command":["ls"]}]]', 'local_shell_call'],
  ['[[tool:shell {"commands":["ls"]}]]', 'shell_call'],
  ['[[tool:apply_patch {"type":"delete_file","path":"a"}]]', 'apply_patch_call'],
];
const ask = (input, more) => client.responses.create({ model: CLAUDE, input, ...more });
const streamed = async (input, more) => {
  const stream = client.responses.stream({ model: CLAUDE, input, ...more });
  const kinds = [];
  for await (const event of stream) kinds.push(event.type);
  need(kinds[0] === 'response.created' && kinds.at(-1) === 'response.completed', kinds);
  return stream.finalResponse();
};

const plain = async (more) => {
  const prompt = hello(nonce());
  const response = await ask(prompt, more);
  need(response.output_text === 'echo: ' + prompt && response.status === 'completed', response);
  need(response.usage.total_tokens > 0, response);
};
const stream = async (more) => {
  const prompt = colourful(nonce());
  const pieces = [];
  for await (const event of await ask(prompt, { stream: true, ...more })) {
    if (event.type === 'response.output_text.delta') pieces.push(event.delta);
  }
  need(pieces.length > 1 && pieces.join('') === 'echo: ' + prompt, pieces);
  const response = await streamed(prompt, more);
  need(response.output_text === 'echo: ' + prompt, response);
};
const form = async (more) => {
  for (const [prompt, kind] of forms) {
    const whole = await ask(prompt, { tools, ...more });
    const parts = await streamed(prompt, { tools, ...more });
    need(whole.output.at(-1).type === kind && parts.output.at(-1).type === kind, [whole.output, parts.output]);
  }
};
const tool = async (ask, more) => {
  const input = [{ role: 'user', content: CALL }];
  const response = await ask(input, { tools, store: false, ...more });
  const call = response.output.at(-1);
  need(call.type === 'function_call' && call.name === 'get_weather', response);
  input.push(...response.output, {
    type: 'function_call_output', call_id: call.call_id, output: getWeather(JSON.parse(call.arguments)),
  });
  const last = await ask(input, { tools, store: false, ...more });
  need(last.output_text === 'tool said: sunny-Paris-42', last);
};
const kept = async (more) => {
  const first = await ask(CALL, { tools, ...more });
  const input = [{ type: 'function_call_output', call_id: first.output.at(-1).call_id, output: 'sunny' }];
  const second = await streamed(input, { tools, previous_response_id: first.id, ...more });
  need(second.output_text === 'tool said: sunny', second);
  need((await client.responses.retrieve(second.id)).id === second.id, second);
  const items = [];
  for await (const item of client.responses.inputItems.list(first.id)) items.push(item);
  need(items.length === 1, items);
  await client.responses.delete(second.id);
  need((await failure(() => client.responses.retrieve(second.id))) instanceof OpenAI.NotFoundError, 'still there');
};
const thinking = async (more) => {
  const response = await streamed(hello(nonce()), { reasoning: { effort: 'high', summary: 'auto' }, ...more });
  need(response.output[0].type === 'reasoning' && response.output[0].summary[0].text, response.output);
};
const errorMidStream = async (more) => {
  const kinds = [];
  for await (const event of await ask(`${BREAK} ${nonce()} ${LONG}`, { stream: true, ...more })) kinds.push(event.type);
  need(kinds.includes('response.output_text.delta') && kinds.at(-1) === 'response.failed', kinds);
};
const cancel = async (pause, more) => {
  const mark = nonce();
  const events = await ask(`${pause} ${mark} ${LONG}`, { stream: true, ...more });
  for await (const event of events) {
    if (event.type !== 'response.output_text.delta') continue;
    leaving(mark);
    events.controller.abort();
    return;
  }
  throw new Error('it ended by itself');
};

await serve({
  plain,
  stream,
  forms: form,
  tool: () => tool(ask),
  'tool-stream': () => tool(streamed),
  kept,
  'rate-limit': async () => {
    const error = await failure(() => ask(THROTTLE + nonce()));
    need(error instanceof OpenAI.RateLimitError && error.headers.get('retry-after') > 0, `${error}`);
  },
  'error-mid-stream': errorMidStream,
  cancel: () => cancel(PACE),
  'cancel-silent': () => cancel(STALL),
  ...named(({ model }) => ({
    plain: () => plain({ model }),
    stream: () => stream({ model }),
    forms: () => form({ model }),
    'tool-stream': () => tool(streamed, { model }),
    kept: () => kept({ model }),
    thinking: () => thinking({ model }),
    'error-mid-stream': () => errorMidStream({ model }),
  })),
});
