// The official `@anthropic-ai/sdk`.
import Anthropic from '@anthropic-ai/sdk';
import {
  base, key, BREAK, CALL, CLAUDE, LONG, PACE, PNG, STALL, THROTTLE, colourful, failure, getWeather, hello, leaving,
  named, need, nonce, pictured, serve,
} from './checks.mjs';

// Every fault must be seen, so the SDK must not try again.
const client = new Anthropic({ apiKey: key, baseURL: base, maxRetries: 0, timeout: 30_000 });
const tools = [
  {
    name: 'get_weather',
    description: 'The weather of a city',
    input_schema: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
  },
];
const user = (content) => ({ role: 'user', content });
const text = (message) => message.content.filter((block) => block.type === 'text').map((block) => block.text).join('');
const asked = (messages, more) => ({ model: CLAUDE, max_tokens: 200, messages, ...more });
const ask = (messages, more) => client.messages.create(asked(messages, more));
const stream = (messages, more) => client.messages.stream(asked(messages, more));
const streamed = (messages, more) => stream(messages, more).finalMessage();

const plain = async (more) => {
  const prompt = hello(nonce());
  const message = await ask([user(prompt)], more);
  need(text(message) === 'echo: ' + prompt && message.stop_reason === 'end_turn', message);
  need(message.usage.input_tokens > 0 && message.usage.output_tokens > 0, message.usage);
};
const streams = async (more) => {
  const prompt = colourful(nonce());
  const pieces = [];
  const message = await stream([user(prompt)], more).on('text', (piece) => pieces.push(piece)).finalMessage();
  need(pieces.length > 1 && pieces.join('') === 'echo: ' + prompt && text(message) === pieces.join(''), message);
  need(message.stop_reason === 'end_turn' && message.usage.output_tokens > 0, message);
};
const tool = async (ask, more) => {
  const messages = [user(CALL)];
  const message = await ask(messages, { tools, ...more });
  const call = message.content.find((block) => block.type === 'tool_use');
  need(message.stop_reason === 'tool_use' && call?.name === 'get_weather' && call.input.city === 'Paris', message);
  const result = { type: 'tool_result', tool_use_id: call.id, content: getWeather(call.input) };
  messages.push({ role: 'assistant', content: message.content }, user([result]));
  const last = await ask(messages, { tools, ...more });
  need(text(last) === 'tool said: sunny-Paris-42', last);
  return message;
};
const image = async (more) => {
  const mark = nonce();
  const prompt = hello(mark);
  const source = { type: 'base64', media_type: 'image/png', data: PNG };
  const message = await ask([user([{ type: 'image', source }, { type: 'text', text: prompt }])], more);
  need(text(message) === 'echo: ' + prompt, message);
  pictured(mark);
};
const errorMidStream = async (more) => {
  let heard = '';
  const error = await failure(() =>
    stream([user(`${BREAK} ${nonce()} ${LONG}`)], more).on('text', (piece) => (heard += piece)).finalMessage(),
  );
  need(error instanceof Anthropic.APIError && error.error?.error?.message, `${error?.constructor?.name} ${error}`);
  need(heard.startsWith('echo: '), `nothing was heard before: ${heard}`);
};
const cancel = async (pause, more) => {
  const mark = nonce();
  const talk = stream([user(`${pause} ${mark} ${LONG}`)], { max_tokens: 4000, ...more });
  const ended = talk.done().catch((error) => error);
  await Promise.race([talk.emitted('text'), ended.then(() => Promise.reject(new Error('it ended by itself')))]);
  leaving(mark);
  talk.abort();
  need((await ended) instanceof Anthropic.APIUserAbortError, 'no abort error');
};

await serve({
  plain,
  stream: streams,
  'raw-stream': async () => {
    const kinds = [];
    for await (const event of await ask([user(colourful(nonce()))], { stream: true })) kinds.push(event.type);
    need(kinds[0] === 'message_start' && kinds.at(-2) === 'message_delta' && kinds.at(-1) === 'message_stop', kinds);
  },
  tool: () => tool(ask),
  'tool-stream': () => tool(streamed),
  image,
  thinking: async () => {
    const first = await tool(streamed, { max_tokens: 3000, thinking: { type: 'enabled', budget_tokens: 1024 } });
    need(first.content[0].type === 'thinking' && first.content[0].signature, first);
  },
  'count-tokens': async () => {
    const few = await client.messages.countTokens({ model: CLAUDE, messages: [user('short')] });
    const many = await client.messages.countTokens({ model: CLAUDE, messages: [user(LONG)] });
    need(few.input_tokens > 0 && many.input_tokens > few.input_tokens, [few, many]);
  },
  models: async () => {
    const ids = [];
    for await (const model of client.models.list({ limit: 1000 })) ids.push(model.id);
    need(ids.includes(CLAUDE), ids);
    const one = await client.models.retrieve(CLAUDE);
    need(one.id === CLAUDE && one.type === 'model' && one.display_name, one);
  },
  'bad-request': async () => {
    const error = await failure(() => ask([]));
    need(error instanceof Anthropic.BadRequestError, `${error?.constructor?.name} ${error}`);
    need(error.error.error.type === 'invalid_request_error', error.error);
  },
  'rate-limit': async () => {
    const error = await failure(() => ask([user(THROTTLE + nonce())]));
    need(error instanceof Anthropic.RateLimitError, `${error?.constructor?.name} ${error}`);
    need(error.error.error.type === 'rate_limit_error' && error.headers.get('retry-after') > 0, error.error);
  },
  'error-mid-stream': errorMidStream,
  cancel: () => cancel(PACE),
  'cancel-silent': () => cancel(STALL),
  ...named(({ model, seeing }) => ({
    plain: () => plain({ model }),
    stream: () => streams({ model }),
    tool: () => tool(streamed, { model }),
    image: seeing && (() => image({ model: seeing })),
    thinking: async () => {
      const thinking = { type: 'enabled', budget_tokens: 1024 };
      const message = await ask([user(hello(nonce()))], { model, max_tokens: 3000, thinking });
      need(message.content[0].type === 'thinking' && text(message).startsWith('echo: '), message);
    },
    'error-mid-stream': () => errorMidStream({ model }),
    cancel: () => cancel(STALL, { model }),
  })),
});
