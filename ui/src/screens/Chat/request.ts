//! What is sent: the conversation in Anthropic's words.

import type { Answer, Block, Options, Turn } from './types';

export const SAMPLE_TOOL = {
  name: 'get_weather',
  description: 'Tells the weather of a city. A sample: the person answers it by hand.',
  input_schema: {
    type: 'object',
    properties: { city: { type: 'string', description: 'Name of the city' } },
    required: ['city'],
  },
};

/** The least that a thinking budget may be. */
const LEAST_BUDGET = 1024;

export function chosen(turn: Turn): Answer | null {
  return turn.role === 'assistant' ? (turn.answers[turn.chosen] ?? null) : null;
}

/** The body for all turns before `end`. Answers that failed or said nothing leave no trace. */
export function body(turns: readonly Turn[], end: number, model: string, options: Options): Record<string, unknown> {
  const messages: { role: string; content: Block[] }[] = [];
  for (const turn of turns.slice(0, end)) {
    const content = (turn.role === 'user' ? turn.content : (chosen(turn)?.content ?? [])).filter(sayable);
    if (content.length === 0) continue;
    const last = messages.at(-1);
    // Two turns of one side in a row, because the answer between them failed.
    if (last?.role === turn.role) last.content = [...last.content, ...content];
    else messages.push({ role: turn.role, content });
  }
  const { system, maxTokens, temperature, effort, thinking, tools } = options;
  const budget = Math.max(LEAST_BUDGET, Math.floor(maxTokens / 2));
  const thinks = thinking && maxTokens > budget;
  return {
    model,
    max_tokens: maxTokens,
    stream: true,
    ...(system.trim() && { system }),
    // Models that think take no temperature with it.
    ...(temperature !== null && !thinks && { temperature }),
    ...(thinks && { thinking: { type: 'enabled', budget_tokens: budget } }),
    ...(effort && { output_config: { effort } }),
    ...((tools || messages.some(({ content }) => content.some((block) => block.type === 'tool_use'))) && { tools: [SAMPLE_TOOL] }),
    messages,
  };
}

function sayable(block: Block | undefined): block is Block {
  if (!block) return false;
  if (block.type === 'text') return block.text.trim() !== '';
  // Thinking without its signature is refused; it was cut off.
  if (block.type === 'thinking') return block.signature !== '';
  return true;
}

export function titleOf(turns: readonly Turn[]): string {
  for (const turn of turns) {
    if (turn.role !== 'user') continue;
    const text = turn.content.find((block) => block.type === 'text');
    if (text?.type === 'text' && text.text.trim()) {
      const line = text.text.trim().replace(/\s+/g, ' ');
      return line.length > 60 ? `${line.slice(0, 59)}…` : line;
    }
  }
  return '';
}

/** An estimate in USD from the list price; null when the model has none. */
export function cost(usage: Answer['usage'], price: { input: number; output: number; cache_read: number | null; cache_write: number | null } | null | undefined): number | null {
  if (!usage || !price) return null;
  const { input, output, cacheRead, cacheWrite } = usage;
  return (input * price.input + output * price.output + cacheRead * (price.cache_read ?? price.input) + cacheWrite * (price.cache_write ?? price.input)) / 1e6;
}
