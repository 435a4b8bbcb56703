//! One request through the real proxy, as an editor would send it.

import type { Seen } from '$lib/components/wire';
import { events } from '$lib/api/sse';
import { localKey } from '$lib/state/key.svelte';
import { Fold } from './fold';
import { emptyAnswer, type Answer } from './types';

/** The part of the wire kept for the panel; a long answer has tens of thousands of events. */
const MOST_EVENTS = 2000;

type Asked = { body: Record<string, unknown>; model: string; account: string | null; signal: AbortSignal };

/** Streams an answer; `tell` gets every state of it. Never throws: a failure is an answer that failed. */
export async function send({ body, model, account, signal }: Asked, tell: (answer: Answer, seen: Seen) => void): Promise<Answer> {
  const started = performance.now();
  const at = (): number => performance.now() - started;
  const path = '/v1/messages';
  const text = JSON.stringify(body);
  const head: [string, string][] = [
    ['content-type', 'application/json'],
    ['anthropic-version', '2023-06-01'],
    ['x-switchboard-capture', '1'],
  ];
  if (account) head.push(['x-switchboard-account', account]);
  const seen: Seen = {
    request: { method: 'POST', path, headers: [...head, ['x-api-key', '…']], body: text, body_bytes: new Blob([text]).size, body_truncated: false },
    events: [], headers_ms: null, first_content_ms: null, ended_ms: null,
  };
  let fold = new Fold(emptyAnswer(model, account));
  const change = (changes: Partial<Answer>): void => {
    fold = new Fold({ ...fold.answer, ...changes });
    tell(fold.answer, seen);
  };
  tell(fold.answer, seen);
  try {
    const answer = await reach(path, { method: 'POST', headers: [...head, ['x-api-key', localKey.key ?? '']], body: text, signal });
    seen.headers_ms = at();
    const who = {
      requestId: answer.headers.get('request-id'),
      servedBy: answer.headers.get('x-proxy-account'),
      servedModel: answer.headers.get('x-proxy-model'),
    };
    if (!answer.ok || !answer.body) {
      change({ ...who, state: 'failed', error: await reason(answer) });
    } else {
      change(who);
      for await (const { event, data } of events(answer.body)) {
        if (seen.events.length < MOST_EVENTS) seen.events.push({ at_ms: at(), name: event, data });
        if (fold.push(data)) seen.first_content_ms ??= at();
        tell(fold.answer, seen);
      }
      // The proxy never invents an end: without one the answer broke off.
      if (['waiting', 'streaming'].includes(fold.answer.state)) change({ state: 'failed', error: 'truncated' });
    }
  } catch (error) {
    if (signal.aborted) change({ state: 'stopped' });
    else change({ state: 'failed', error: error instanceof TypeError ? 'unreachable_backend' : String(error) });
  }
  seen.ended_ms = at();
  change({ firstMs: seen.first_content_ms, totalMs: seen.ended_ms });
  return fold.answer;
}

/** The proxy's port when the page may talk to it, else our own origin. */
async function reach(path: string, request: RequestInit): Promise<Response> {
  const [first = '', second] = localKey.chatBases;
  if (second === undefined) return fetch(first + path, request);
  return fetch(first + path, request).catch((error: unknown) => {
    // Not reached at all, so nothing was sent: the policy of the page, or the port is not there.
    if (error instanceof TypeError) return fetch(second + path, request);
    throw error;
  });
}

async function reason(answer: Response): Promise<string> {
  const text = await answer.text().catch(() => '');
  try {
    const { error } = JSON.parse(text) as { error?: { message?: string } };
    return error?.message ?? text;
  } catch {
    return text || `HTTP ${answer.status}`;
  }
}
