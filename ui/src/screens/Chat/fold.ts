//! Folds the events of Anthropic's stream into an answer. Pure: takes an answer, gives the next.

import type { Answer, Block } from './types';

type StreamEvent = {
  type: string;
  index?: number;
  content_block?: Record<string, unknown>;
  delta?: Record<string, unknown>;
  message?: { usage?: Record<string, number | null> };
  usage?: Record<string, number | null>;
  error?: { type?: string; message?: string };
};

/** Tool input comes in pieces of JSON; what has come so far is kept beside the answer until its block ends. */
export class Fold {
  #answer: Answer;
  #input = new Map<number, string>();

  constructor(answer: Answer) {
    this.#answer = answer;
  }

  get answer(): Answer {
    return this.#answer;
  }

  /** True when the event carried something to read. */
  push(data: string): boolean {
    let event: StreamEvent;
    try {
      event = JSON.parse(data) as StreamEvent;
    } catch {
      return false;
    }
    const at = event.index ?? 0;
    switch (event.type) {
      case 'message_start':
        this.#count(event.message?.usage);
        this.#set({ state: 'streaming' });
        return false;
      case 'content_block_start':
        if (event.content_block) this.#put(at, opened(event.content_block));
        return false;
      case 'content_block_delta':
        return this.#delta(at, event.delta ?? {});
      case 'content_block_stop':
        this.#close(at);
        return false;
      case 'message_delta':
        this.#count(event.usage);
        this.#set({ stopReason: (event.delta?.['stop_reason'] as string | null | undefined) ?? this.#answer.stopReason });
        return false;
      case 'message_stop':
        this.#set({ state: 'done' });
        return false;
      case 'error':
        this.#set({ state: 'failed', error: event.error?.message ?? event.error?.type ?? 'error' });
        return false;
      default:
        return false;
    }
  }

  #set(change: Partial<Answer>): void {
    this.#answer = { ...this.#answer, ...change };
  }

  #put(at: number, block: Block): void {
    const content = [...this.#answer.content];
    content[at] = block;
    this.#set({ content });
  }

  #delta(at: number, delta: Record<string, unknown>): boolean {
    const block = this.#answer.content[at];
    const text = (name: string): string => (typeof delta[name] === 'string' ? delta[name] : '');
    if (block?.type === 'text') this.#put(at, { ...block, text: block.text + text('text') });
    else if (block?.type === 'thinking') {
      this.#put(at, { ...block, thinking: block.thinking + text('thinking'), signature: block.signature + text('signature') });
    } else if (block?.type === 'tool_use') {
      this.#input.set(at, (this.#input.get(at) ?? '') + text('partial_json'));
    } else return false;
    return true;
  }

  #close(at: number): void {
    const block = this.#answer.content[at];
    const json = this.#input.get(at);
    if (block?.type !== 'tool_use' || !json) return;
    try {
      this.#put(at, { ...block, input: JSON.parse(json) });
    } catch {
      // Cut off by the token limit: shown as it came.
      this.#put(at, { ...block, input: json });
    }
  }

  #count(usage: Record<string, number | null> | undefined): void {
    if (!usage) return;
    const before = this.#answer.usage;
    this.#set({
      usage: {
        input: usage['input_tokens'] ?? before?.input ?? 0,
        output: usage['output_tokens'] ?? before?.output ?? 0,
        cacheRead: usage['cache_read_input_tokens'] ?? before?.cacheRead ?? 0,
        cacheWrite: usage['cache_creation_input_tokens'] ?? before?.cacheWrite ?? 0,
      },
    });
  }
}

function opened(block: Record<string, unknown>): Block {
  switch (block['type']) {
    case 'thinking':
      return { type: 'thinking', thinking: String(block['thinking'] ?? ''), signature: String(block['signature'] ?? '') };
    case 'redacted_thinking':
      return { type: 'redacted_thinking', data: String(block['data'] ?? '') };
    case 'tool_use':
      return { type: 'tool_use', id: String(block['id']), name: String(block['name']), input: block['input'] ?? {} };
    default:
      return { type: 'text', text: String(block['text'] ?? '') };
  }
}
