import { describe, expect, it } from 'vitest';

import { Fold } from './fold';
import { body, cost, titleOf } from './request';
import { DEFAULTS, emptyAnswer, type Answer, type Turn } from './types';

function folded(...events: object[]): Answer {
  const fold = new Fold(emptyAnswer('m', null));
  for (const event of events) fold.push(JSON.stringify(event));
  return fold.answer;
}

describe('Fold', () => {
  it('puts text, thinking and a tool call together', () => {
    const answer = folded(
      { type: 'message_start', message: { usage: { input_tokens: 5, output_tokens: 1 } } },
      { type: 'content_block_start', index: 0, content_block: { type: 'thinking', thinking: '' } },
      { type: 'content_block_delta', index: 0, delta: { type: 'thinking_delta', thinking: 'hm' } },
      { type: 'content_block_delta', index: 0, delta: { type: 'signature_delta', signature: 'sig' } },
      { type: 'content_block_stop', index: 0 },
      { type: 'content_block_start', index: 1, content_block: { type: 'text', text: '' } },
      { type: 'content_block_delta', index: 1, delta: { type: 'text_delta', text: 'Hel' } },
      { type: 'content_block_delta', index: 1, delta: { type: 'text_delta', text: 'lo' } },
      { type: 'content_block_start', index: 2, content_block: { type: 'tool_use', id: 't', name: 'f', input: {} } },
      { type: 'content_block_delta', index: 2, delta: { type: 'input_json_delta', partial_json: '{"a":' } },
      { type: 'content_block_delta', index: 2, delta: { type: 'input_json_delta', partial_json: '1}' } },
      { type: 'content_block_stop', index: 2 },
      { type: 'message_delta', delta: { stop_reason: 'tool_use' }, usage: { output_tokens: 9 } },
      { type: 'message_stop' },
    );
    expect(answer.content).toEqual([
      { type: 'thinking', thinking: 'hm', signature: 'sig' },
      { type: 'text', text: 'Hello' },
      { type: 'tool_use', id: 't', name: 'f', input: { a: 1 } },
    ]);
    expect(answer).toMatchObject({ state: 'done', stopReason: 'tool_use', usage: { input: 5, output: 9, cacheRead: 0, cacheWrite: 0 } });
  });

  it('takes an error in the stream, and rubbish', () => {
    expect(folded({ type: 'error', error: { message: 'no' } })).toMatchObject({ state: 'failed', error: 'no' });
    const fold = new Fold(emptyAnswer('m', null));
    expect(fold.push('not json')).toBe(false);
    expect(fold.answer.state).toBe('waiting');
  });
});

const said = (text: string): Turn => ({ role: 'user', content: [{ type: 'text', text }] });
const answered = (text: string, more: Partial<Answer> = {}): Turn => ({
  role: 'assistant', chosen: 0, answers: [{ ...emptyAnswer('m', null), state: 'done', content: [{ type: 'text', text }], ...more }],
});

describe('body', () => {
  it('sends what was said, and joins what an empty answer had split', () => {
    const turns = [said('a'), answered('', { state: 'failed', content: [] }), said('b'), answered('c'), said('d')];
    const { messages } = body(turns, turns.length, 'm', DEFAULTS) as { messages: { role: string; content: { text: string }[] }[] };
    expect(messages.map(({ role, content }) => [role, content.map(({ text }) => text).join('+')])).toEqual([['user', 'a+b'], ['assistant', 'c'], ['user', 'd']]);
  });
  it('sends no thinking that was cut off', () => {
    const turns = [said('a'), answered('c', { content: [{ type: 'thinking', thinking: 'h', signature: '' }, { type: 'text', text: 'c' }] }), said('b')];
    expect(JSON.stringify(body(turns, 3, 'm', DEFAULTS))).not.toContain('thinking');
  });
  it('leaves out what is not set', () => {
    expect(Object.keys(body([said('a')], 1, 'm', DEFAULTS))).toEqual(['model', 'max_tokens', 'stream', 'messages']);
    const all = body([said('a')], 1, 'm', { ...DEFAULTS, system: 's', effort: 'low', thinking: true, tools: true, temperature: 0.5 });
    expect(all).toMatchObject({ system: 's', output_config: { effort: 'low' }, thinking: { type: 'enabled', budget_tokens: 4096 } });
    expect(all).not.toHaveProperty('temperature');
  });
});

describe('titles and cost', () => {
  it('names a conversation by its first words', () => {
    expect(titleOf([said('  Hello\n there ')])).toBe('Hello there');
    expect(titleOf([said('x'.repeat(99))])).toHaveLength(60);
  });
  it('adds up list prices', () => {
    const price = { input: 2, output: 10, cache_read: 0.2, cache_write: null };
    expect(cost({ input: 1e6, output: 1e5, cacheRead: 1e6, cacheWrite: 0 }, price)).toBeCloseTo(3.2);
    expect(cost(null, price)).toBeNull();
  });
});
