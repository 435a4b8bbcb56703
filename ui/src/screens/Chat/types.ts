//! A conversation as this page keeps it. The backend stores it as it is and looks at none of it.

export type Block =
  | { type: 'text'; text: string }
  | { type: 'image'; source: { type: 'base64'; media_type: string; data: string } }
  | { type: 'thinking'; thinking: string; signature: string }
  | { type: 'redacted_thinking'; data: string }
  | { type: 'tool_use'; id: string; name: string; input: unknown }
  | { type: 'tool_result'; tool_use_id: string; content: string };

export type TokenCount = { input: number; output: number; cacheRead: number; cacheWrite: number };

export type Answer = {
  model: string;
  account: string | null;
  state: 'waiting' | 'streaming' | 'done' | 'stopped' | 'failed';
  content: Block[];
  usage: TokenCount | null;
  stopReason: string | null;
  error: string | null;
  /** What kind of failure it is, as the log tells. */
  category?: string | null;
  requestId: string | null;
  /** Who answered in the end. */
  servedBy: string | null;
  servedModel: string | null;
  costUsd: number | null;
  firstMs: number | null;
  totalMs: number | null;
};

export type Turn =
  | { role: 'user'; content: Block[] }
  | { role: 'assistant'; answers: Answer[]; chosen: number };

export type Options = {
  system: string;
  maxTokens: number;
  /** null: the model's own. */
  temperature: number | null;
  effort: string | null;
  thinking: boolean;
  tools: boolean;
};

export type Stored = { version: 1; options: Options; turns: Turn[] };

export const DEFAULTS: Options = { system: '', maxTokens: 8192, temperature: null, effort: null, thinking: false, tools: false };

export function emptyAnswer(model: string, account: string | null): Answer {
  return {
    model, account, state: 'waiting', content: [], usage: null, stopReason: null, error: null, requestId: null,
    servedBy: null, servedModel: null, costUsd: null, firstMs: null, totalMs: null,
  };
}
