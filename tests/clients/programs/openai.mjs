// The official `openai` package: chat completions, completions, models.
import OpenAI from 'openai';
import {
  base, key, BREAK, CALL, CLAUDE, LONG, PACE, PNG, STALL, THROTTLE, colourful, failure, getWeather, hello, leaving,
  named, need, nonce, pictured, serve,
} from './checks.mjs';

// Every fault must be seen, so the SDK must not try again.
const client = new OpenAI({ apiKey: key, baseURL: base + '/v1', maxRetries: 0, timeout: 30_000 });
const parameters = { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] };
const tools = [
  { type: 'function', function: { name: 'get_weather', description: 'The weather of a city', parameters } },
];
const user = (content) => ({ role: 'user', content });
const asked = (messages, more) => ({ model: CLAUDE, messages, ...more });
const ask = (messages, more) => client.chat.completions.create(asked(messages, more));
const streamed = (messages, more) => client.chat.completions.stream(asked(messages, more)).finalChatCompletion();
const said = (completion) => completion.choices[0].message.content;

const plain = async (more) => {
  const prompt = hello(nonce());
  const completion = await ask([user(prompt)], more);
  need(said(completion) === 'echo: ' + prompt && completion.choices[0].finish_reason === 'stop', completion);
  need(completion.usage.total_tokens > 0, completion);
};
const stream = async (more) => {
  const prompt = colourful(nonce());
  const pieces = [];
  let usage;
  const chunks = await ask([user(prompt)], { stream: true, stream_options: { include_usage: true }, ...more });
  for await (const chunk of chunks) {
    if (chunk.choices[0]?.delta?.content) pieces.push(chunk.choices[0].delta.content);
    usage = chunk.usage ?? usage;
  }
  need(pieces.length > 1 && pieces.join('') === 'echo: ' + prompt && usage?.total_tokens > 0, { pieces, usage });
};
const tool = async (ask, more) => {
  const messages = [user(CALL)];
  const completion = await ask(messages, { tools, ...more });
  const { message, finish_reason } = completion.choices[0];
  const call = message.tool_calls?.[0];
  need(finish_reason === 'tool_calls' && call?.function.name === 'get_weather', completion);
  const { name, arguments: given } = call.function;
  messages.push(
    {
      role: 'assistant',
      content: message.content,
      tool_calls: [{ id: call.id, type: 'function', function: { name, arguments: given } }],
    },
    { role: 'tool', tool_call_id: call.id, content: getWeather(JSON.parse(given)) },
  );
  const last = await ask(messages, { tools, ...more });
  need(said(last) === 'tool said: sunny-Paris-42', last);
};
const image = async (more) => {
  const mark = nonce();
  const prompt = hello(mark);
  const picture = { type: 'image_url', image_url: { url: 'data:image/png;base64,' + PNG } };
  const completion = await ask([user([picture, { type: 'text', text: prompt }])], more);
  need(said(completion) === 'echo: ' + prompt, completion);
  pictured(mark);
};
const thinking = async (more) => {
  const prompt = hello(nonce());
  const completion = await ask([user(prompt)], { reasoning_effort: 'high', max_completion_tokens: 9000, ...more });
  need(said(completion) === 'echo: ' + prompt && completion.choices[0].message.reasoning_content, completion);
};
const errorMidStream = async (more) => {
  let heard = '';
  const error = await failure(async () => {
    const chunks = await ask([user(`${BREAK} ${nonce()} ${LONG}`)], { stream: true, ...more });
    for await (const chunk of chunks) heard += chunk.choices[0]?.delta?.content ?? '';
  });
  need(error instanceof OpenAI.APIError && error.error?.message, `${error?.constructor?.name} ${error}`);
  need(heard.startsWith('echo: '), `nothing was heard before: ${heard}`);
};
const cancel = async (pause, more) => {
  const mark = nonce();
  const chunks = await ask([user(`${pause} ${mark} ${LONG}`)], { stream: true, ...more });
  for await (const chunk of chunks) {
    if (!chunk.choices[0]?.delta?.content) continue;
    leaving(mark);
    chunks.controller.abort();
    return;
  }
  throw new Error('it ended by itself');
};

await serve({
  plain,
  stream,
  'stream-assembled': async () => {
    const prompt = colourful(nonce());
    const completion = await streamed([user(prompt)]);
    need(said(completion) === 'echo: ' + prompt, completion);
  },
  tool: () => tool(ask),
  'tool-stream': () => tool(streamed),
  image,
  thinking,
  completions: async () => {
    const prompt = hello(nonce());
    const completion = await client.completions.create({ model: CLAUDE, prompt, max_tokens: 200 });
    need(completion.choices[0].text.includes(prompt), completion);
  },
  models: async () => {
    const ids = [];
    for await (const model of await client.models.list()) ids.push(model.id);
    need(ids.includes(CLAUDE), ids);
    const one = await client.models.retrieve(CLAUDE);
    need(one.id === CLAUDE && one.object === 'model', one);
  },
  'bad-request': async () => {
    const error = await failure(() => ask([user('hello')], { n: 2 }));
    need(error instanceof OpenAI.BadRequestError, `${error?.constructor?.name} ${error}`);
    need(error.type === 'invalid_request_error', error.error);
  },
  'rate-limit': async () => {
    const error = await failure(() => ask([user(THROTTLE + nonce())]));
    need(error instanceof OpenAI.RateLimitError, `${error?.constructor?.name} ${error}`);
    need(error.headers.get('retry-after') > 0, [...error.headers]);
  },
  'error-mid-stream': errorMidStream,
  cancel: () => cancel(PACE),
  'cancel-silent': () => cancel(STALL),
  ...named(({ model, seeing }) => ({
    plain: () => plain({ model }),
    stream: () => stream({ model }),
    tool: () => tool(streamed, { model }),
    image: seeing && (() => image({ model: seeing })),
    thinking: () => thinking({ model }),
    'error-mid-stream': () => errorMidStream({ model }),
    cancel: () => cancel(STALL, { model }),
  })),
});
