//! The one stream of events that every screen follows.

import { headers, observers } from '../api/client';
import { events } from '../api/sse';
import type { Event, LogRow } from '../api/types';
import { accounts } from './accounts.svelte';
import { localKey } from './key.svelte';
import { models } from './models.svelte';
import { followProxy } from './port';
import { session } from './session.svelte';
import { settings } from './settings.svelte';
import { signIns } from './signins.svelte';
import { status } from './status.svelte';

const WAITS_MS = [500, 1000, 2000, 4000];

let lost = $state(false);
let loaded = $state(false);
let streaming = false;
let running = false;
let tries = 0;
const listeners = new Set<(rows: LogRow[]) => void>();
const missed = new Set<() => void>();

const sleep = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));

function tell(rows: LogRow[]): void {
  for (const listener of listeners) listener(rows);
}

/** Everything the screens share, anew: at the start and after every gap. */
async function fetchAll(): Promise<void> {
  await Promise.all([status.refresh(), accounts.refresh(), settings.refresh(), accounts.refreshProviders(), signIns.refresh()]);
  if (status.value) followProxy(status.value);
  await Promise.all([localKey.refresh(), models.refresh()]);
  void accounts.refreshQuotas();
  if (loaded) for (const listener of missed) listener();
  loaded = true;
  lost = false;
  tries = 0;
}

let due: ReturnType<typeof setTimeout> | undefined;
/** A burst of requests asks for the totals once. */
function totalsSoon(): void {
  due ??= setTimeout(() => {
    due = undefined;
    status.refresh().catch(() => undefined);
  }, 1000);
}

function take({ event, data }: Event): void {
  switch (event) {
    case 'request':
      tell([data.row]);
      totalsSoon();
      break;
    case 'accounts':
      accounts.take(data.accounts);
      totalsSoon();
      void models.refresh().catch(() => undefined);
      break;
    case 'status': {
      const opened = data.safe.kind === 'open' && status.value?.safe.kind !== 'open';
      // The event does not know when this person's day began: take its state and keep our totals.
      status.take({ ...data, today: status.value?.today ?? data.today });
      followProxy(data);
      if (opened) void fetchAll().catch(() => undefined);
      break;
    }
    case 'sign_ins':
      signIns.take(data.sign_ins);
      break;
    case 'settings':
      settings.take(data);
      break;
    case 'quota':
      accounts.takeQuota(data.account_id, data.quota);
      break;
    case 'missed':
      void fetchAll().catch(() => undefined);
      break;
  }
}

/** Follows the stream until it ends, which is a failure too. Everything is fetched once the stream is open and before it is
    read: what happens meanwhile waits in it, so that nothing is missed and nothing older comes last. */
async function follow(): Promise<never> {
  const ending = new AbortController();
  try {
    const answer = await fetch('/api/events', { headers: { ...headers('GET'), accept: 'text/event-stream' }, cache: 'no-store', signal: ending.signal });
    // The session is over: back to the gate.
    if (answer.status === 401) observers.refused();
    if (!answer.ok || !answer.body) throw new Error(`events: ${answer.status}`);
    await fetchAll();
    streaming = true;
    for await (const { event, data } of events(answer.body)) take({ event, data: JSON.parse(data) as unknown } as Event);
    throw new Error('the stream ended');
  } finally {
    ending.abort();
  }
}

/** Runs for as long as there is a session. */
async function run(): Promise<void> {
  while (session.phase === 'ready') {
    try {
      await follow();
    } catch {
      streaming = false;
      // A stream that merely ended is taken up again quietly; the banner is for a backend that does not answer.
      if (tries > 0) lost = true;
      if (session.phase === 'ready') await sleep(WAITS_MS[Math.min(tries++, WAITS_MS.length - 1)] ?? 4000);
    }
  }
  running = false;
}

observers.reached = (ok) => {
  if (!ok && loaded) lost = true;
  else if (ok && streaming) lost = false;
};

export const live = {
  /** True while the backend does not answer. */
  get lost(): boolean {
    return lost;
  },
  /** True once everything was there at least once. */
  get loaded(): boolean {
    return loaded;
  },
  start(): void {
    if (running) return;
    running = true;
    void run();
  },
  /** Calls back with finished requests, oldest first. Returns how to stop. */
  onRequests(listener: (rows: LogRow[]) => void): () => void {
    listeners.add(listener);
    return () => listeners.delete(listener);
  },
  /** Calls back after a gap, in which requests may have finished that nobody told of. Returns how to stop. */
  onMissed(listener: () => void): () => void {
    missed.add(listener);
    return () => missed.delete(listener);
  },
};
