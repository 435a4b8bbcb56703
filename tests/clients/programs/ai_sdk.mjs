// Vercel's AI SDK through its providers: messages, chat (of two packages), responses.
import { createAnthropic } from '@ai-sdk/anthropic';
import { createOpenAI } from '@ai-sdk/openai';
import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import { generateText, isStepCount, streamText, tool as made } from 'ai';
import { z } from 'zod';
import {
  base, key, BREAK, CALL, CLAUDE, LONG, PACE, PNG, THROTTLE, colourful, failure, getWeather, hello, leaving, named,
  need, nonce, pictured, serve,
} from './checks.mjs';

globalThis.AI_SDK_LOG_WARNINGS = false;
const place = { baseURL: base + '/v1', apiKey: key };
const openai = createOpenAI(place);
const wires = {
  messages: createAnthropic(place),
  chat: openai.chat,
  compatible: createOpenAICompatible({ name: 'local', includeUsage: true, ...place }),
  responses: openai.responses,
};
// What makes a model think, by wire.
const thoughtful = {
  messages: { anthropic: { thinking: { type: 'enabled', budgetTokens: 4000 } } },
  compatible: { local: { reasoningEffort: 'high' } },
  // By its name the SDK would take the model for one that does not think.
  responses: { openai: { reasoningEffort: 'high', reasoningSummary: 'auto', forceReasoning: true } },
};
const city = z.object({ city: z.string() });
const tools = {
  get_weather: made({ description: 'The weather of a city', inputSchema: city, execute: async (given) => getWeather(given) }),
};
// Every fault must be seen, so the SDK must not try again.
const asked = (model, more) => ({ model, maxRetries: 0, ...more });
const ask = (model, more) => generateText(asked(model, more));
const streamed = (model, more) => streamText(asked(model, { onError: () => {}, ...more }));

const plain = async (model) => {
  const prompt = hello(nonce());
  const { text, finishReason, usage } = await ask(model, { system: 'Be brief.', prompt });
  need(text === 'echo: ' + prompt && finishReason === 'stop' && usage.outputTokens > 0, { text, finishReason, usage });
};
const stream = async (model) => {
  const prompt = colourful(nonce());
  const pieces = [];
  const result = streamed(model, { prompt });
  for await (const piece of result.textStream) pieces.push(piece);
  need(pieces.length > 1 && pieces.join('') === 'echo: ' + prompt, pieces);
  need((await result.finishReason) === 'stop' && (await result.usage).totalTokens > 0, await result.usage);
};
// Call, result and the last word, the turns made by the SDK; with its thoughts sent back where it has some.
const tool = async (model, providerOptions) => {
  const result = streamed(model, { prompt: CALL, tools, stopWhen: isStepCount(4), providerOptions });
  await result.consumeStream();
  need((await result.text) === 'tool said: sunny-Paris-42', await result.text);
  const whole = await ask(model, { prompt: CALL, tools, stopWhen: isStepCount(4), providerOptions });
  need(whole.text === 'tool said: sunny-Paris-42' && whole.steps.length === 2, whole.steps);
};
const thinking = async (model, providerOptions) => {
  const prompt = hello(nonce());
  const kinds = [];
  const result = streamed(model, { prompt, providerOptions });
  for await (const { type } of result.fullStream) if (/^(text|reasoning)-delta$/.test(type)) kinds.push(type);
  need(kinds[0] === 'reasoning-delta' && kinds.at(-1) === 'text-delta', kinds);
  need((await result.text) === 'echo: ' + prompt, await result.text);
  await tool(model, providerOptions);
};
const image = async (model) => {
  const mark = nonce();
  const content = [{ type: 'file', data: PNG, mediaType: 'image/png' }, { type: 'text', text: hello(mark) }];
  const { text } = await ask(model, { messages: [{ role: 'user', content }] });
  need(text === 'echo: ' + hello(mark), text);
  pictured(mark);
};
const rateLimit = async (model) => {
  const error = await failure(() => ask(model, { prompt: THROTTLE + nonce() }));
  need(error.statusCode === 429 && error.isRetryable && error.message, `${error?.constructor?.name} ${error}`);
  need(error.responseHeaders['retry-after'] > 0, error.responseHeaders);
};
const errorMidStream = async (model) => {
  let heard = '';
  let error;
  for await (const part of streamed(model, { prompt: `${BREAK} ${nonce()} ${LONG}` }).fullStream) {
    if (part.type === 'text-delta') heard += part.text;
    if (part.type === 'error') error = part.error;
  }
  need(error && heard.startsWith('echo: '), { heard, error });
  need(/Too many requests/.test(JSON.stringify(error) + error.message), error);
};
const cancel = async (model) => {
  const mark = nonce();
  const leave = new AbortController();
  const result = streamed(model, { prompt: `${PACE} ${mark} ${LONG}`, abortSignal: leave.signal });
  for await (const piece of result.textStream) {
    if (!piece) continue;
    leaving(mark);
    leave.abort();
    return;
  }
  throw new Error('it ended by itself');
};

const checks = (wire, model, seeing) => ({
  plain: () => plain(wires[wire](model)),
  stream: () => stream(wires[wire](model)),
  tool: () => tool(wires[wire](model)),
  image: seeing && (() => image(wires[wire](seeing))),
  thinking: thoughtful[wire] && (() => thinking(wires[wire](model), thoughtful[wire])),
  'rate-limit': () => rateLimit(wires[wire](model)),
  'error-mid-stream': () => errorMidStream(wires[wire](model)),
  cancel: () => cancel(wires[wire](model)),
});

const all = {};
for (const wire of Object.keys(wires)) {
  for (const [name, check] of Object.entries(checks(wire, CLAUDE, CLAUDE))) if (check) all[`${wire}-${name}`] = check;
}
await serve({
  ...all,
  ...named(({ model, seeing, signs }) => ({
    stream: () => stream(wires.messages(model)),
    'tool-responses': () => tool(wires.responses(model)),
    'tool-compatible': () => tool(wires.compatible(model)),
    thinking: signs && (() => thinking(wires.messages(model), thoughtful.messages)),
    image: seeing && (() => image(wires.messages(seeing))),
  })),
});
