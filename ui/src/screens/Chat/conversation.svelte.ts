//! The open conversation: its turns, what is on its way, and keeping it.

import * as api from '$lib/api/routes';
import type { LogRow } from '$lib/api/types';
import type { Seen } from '$lib/components/wire';
import { models } from '$lib/state/models.svelte';
import { toasts } from '$lib/state/toasts.svelte';
import { body, chosen, cost, titleOf } from './request';
import { send } from './send';
import { DEFAULTS, emptyAnswer, type Answer, type Block, type Options, type Stored, type Turn } from './types';

const CHOICE = 'chat-choice';

function remembered(): { model: string; account: string | null } {
  try {
    return { model: '', account: null, ...(JSON.parse(localStorage.getItem(CHOICE) ?? '{}') as object) };
  } catch {
    return { model: '', account: null };
  }
}

export class Conversation {
  id = $state<string | null>(null);
  turns = $state.raw<Turn[]>([]);
  options = $state<Options>({ ...DEFAULTS });
  model = $state(remembered().model);
  /** null: whoever the failover order says. */
  account = $state<string | null>(remembered().account);
  /** What this page saw of each request, by request id; not kept. */
  seen = $state.raw<Record<string, Seen>>({});
  #running = $state.raw<AbortController[]>([]);

  get busy(): boolean {
    return this.#running.length > 0;
  }
  get title(): string {
    return titleOf(this.turns);
  }

  choose(model: string, account: string | null): void {
    this.model = model;
    this.account = account;
    localStorage.setItem(CHOICE, JSON.stringify({ model, account }));
  }

  clear(): void {
    this.stop();
    this.id = null;
    this.turns = [];
    this.options = { ...DEFAULTS, system: this.options.system };
  }

  async open(id: string): Promise<void> {
    this.stop();
    const kept = await api.conversations.show(id);
    const stored = kept.messages as Partial<Stored> | null;
    this.id = id;
    this.options = { ...DEFAULTS, ...stored?.options };
    this.turns = (stored?.turns ?? []).map(settled);
    if (kept.model) this.model = kept.model;
    this.account = kept.account_id ?? null;
  }

  stop(): void {
    for (const running of this.#running) running.abort();
  }

  /** Says something and streams the answer. */
  async say(content: Block[]): Promise<void> {
    this.turns = [...this.turns, { role: 'user', content: [...unanswered(this.turns, content), ...content] }];
    await this.answer(this.turns.length, this.model, this.account);
  }

  /** Answers (anew, when there is an answer already) what was said before turn `at`. */
  async answer(at: number, model: string, account: string | null): Promise<void> {
    const before = this.turns[at];
    const answers = before?.role === 'assistant' ? before.answers : [];
    const place = answers.length;
    this.#put(at, [...answers, emptyAnswer(model, account)], before?.role === 'assistant' ? before.chosen : 0);
    const stop = new AbortController();
    this.#running = [...this.#running, stop];
    const home = this.turns;
    const asked = body(this.turns, at, model, this.options);
    let last: { answer: Answer; seen: Seen } | null = null;
    let frame = 0;
    const show = (): void => {
      frame = 0;
      const turn = this.turns[at];
      // The person may have opened another conversation meanwhile.
      if (!last || turn?.role !== 'assistant' || this.turns[0] !== home[0]) return;
      const { answer, seen } = last;
      this.#put(at, turn.answers.with(place, answer), turn.chosen);
      if (answer.requestId) this.seen = { ...this.seen, [answer.requestId]: { ...seen } };
    };
    await send({ body: asked, model, account, signal: stop.signal }, (answer, seen) => {
      last = { answer: { ...answer, costUsd: cost(answer.usage, models.find(model)?.price) }, seen };
      // Many events a frame, one paint.
      frame ||= requestAnimationFrame(show);
    });
    cancelAnimationFrame(frame);
    show();
    this.#running = this.#running.filter((running) => running !== stop);
    if (!this.busy) await this.keep();
  }

  #put(at: number, answers: Answer[], which: number): void {
    const turns = [...this.turns];
    turns[at] = { role: 'assistant', answers, chosen: which };
    this.turns = turns;
  }

  /** Goes on with this one of the answers side by side. */
  async prefer(at: number, which: number): Promise<void> {
    const turn = this.turns[at];
    if (turn?.role !== 'assistant') return;
    this.#put(at, turn.answers, which);
    await this.keep();
  }

  /** Takes everything from turn `at` on away, so that it can be said differently. Gives back what was said. */
  rewind(at: number): Block[] {
    const turn = this.turns[at];
    this.stop();
    this.turns = this.turns.slice(0, at);
    return turn?.role === 'user' ? turn.content : [];
  }

  /** The log knows the cost better than our list price, and what kind of failure it was. */
  learn(row: LogRow): void {
    const at = this.turns.findIndex((turn) => turn.role === 'assistant' && turn.answers.some((answer) => answer.requestId === row.request_id));
    const turn = this.turns[at];
    if (turn?.role !== 'assistant') return;
    this.#put(at, turn.answers.map((answer) => (answer.requestId === row.request_id ? { ...answer, costUsd: row.cost_usd ?? answer.costUsd, category: row.error_category } : answer)), turn.chosen);
  }

  async keep(): Promise<void> {
    if (this.turns.length === 0) return;
    const messages: Stored = { version: 1, options: this.options, turns: this.turns };
    const whole = { title: this.title, model: this.model, account_id: this.account, messages };
    try {
      if (this.id) await api.conversations.change(this.id, whole);
      else this.id = (await api.conversations.add(whole)).id;
    } catch (error) {
      toasts.failed(error);
    }
  }
}

/** The wire wants a result for every call, also when the person talks of something else instead. */
function unanswered(turns: readonly Turn[], content: readonly Block[]): Block[] {
  const last = turns.at(-1);
  const calls = (last && chosen(last)?.content.filter((block) => block.type === 'tool_use')) ?? [];
  const given = new Set(content.map((block) => (block.type === 'tool_result' ? block.tool_use_id : null)));
  return calls.filter((call) => !given.has(call.id)).map((call) => ({ type: 'tool_result', tool_use_id: call.id, content: 'not answered' }));
}

/** An answer that was on its way when it was kept did not end well. */
function settled(turn: Turn): Turn {
  if (turn.role === 'user' || !chosen(turn)) return turn;
  return { ...turn, answers: turn.answers.map((answer) => (['waiting', 'streaming'].includes(answer.state) ? { ...answer, state: 'stopped' } : answer)) };
}
