//! The rows on screen: pages as one scrolls down, live rows on top. Rows that arrive while the person reads further
//! down wait until they come back up, so that nothing moves under their eyes.

import * as api from '$lib/api/routes';
import type { LogQuestion } from '$lib/api/routes';
import type { LogRow } from '$lib/api/types';
import { toasts } from '$lib/state/toasts.svelte';
import { fits } from './filter';

const PAGE = 200;
/** Who has scrolled this far goes on: fewer, larger pages. */
const LARGE_PAGE = 1000;
/** A search may hand back empty pages for a long while; after so many the person sees that it goes on. */
const PATIENCE = 20;

export class Rows {
  list = $state.raw<LogRow[]>([]);
  waiting = $state.raw<LogRow[]>([]);
  loading = $state(false);
  done = $state(false);
  loaded = $state(false);
  /** The rows on screen answer the question before. */
  asking = $state(false);
  following = true;
  #next: number | null = null;
  #question: LogQuestion = {};
  #stop = new AbortController();

  /** Starts anew with another question. */
  async ask(question: LogQuestion): Promise<void> {
    this.#stop.abort();
    this.#stop = new AbortController();
    this.#question = question;
    this.#next = null;
    this.done = false;
    this.loading = false;
    this.waiting = [];
    this.asking = true;
    await this.#load(true);
  }

  /** The next page, unless one is on its way or there is none. */
  async more(): Promise<void> {
    if (!this.loading && !this.done && this.loaded) await this.#load(false);
  }

  async #load(anew: boolean): Promise<void> {
    const { signal } = this.#stop;
    this.loading = true;
    try {
      for (let tries = 0; tries < PATIENCE; tries++) {
        const page = await api.logs.page(this.#question, anew ? null : this.#next, this.list.length < LARGE_PAGE ? PAGE : LARGE_PAGE, signal);
        if (signal.aborted) return;
        // A live row may have come while the page was on its way.
        const known = anew ? [] : this.list;
        const last = known.at(-1)?.id ?? Infinity;
        this.list = known.concat(anew ? page.rows : page.rows.filter((row) => row.id < last));
        this.#next = page.next;
        this.done = page.next === null;
        this.loaded = true;
        this.asking = false;
        anew = false;
        if (this.done || page.rows.length > 0) break;
      }
    } catch (error) {
      toasts.failed(error);
      // Ask again when the person scrolls or filters, not in a circle.
      if (!signal.aborted) this.done = true;
    } finally {
      if (!signal.aborted) this.loading = this.asking = false;
    }
  }

  /** Live rows, oldest first. */
  arrived(rows: LogRow[]): void {
    const newest = (this.waiting[0] ?? this.list[0])?.id ?? 0;
    const fresh = rows.filter((row) => row.id > newest && fits(row, this.#question)).toReversed();
    if (fresh.length === 0) return;
    if (this.following) this.list = fresh.concat(this.list);
    else this.waiting = fresh.concat(this.waiting);
  }

  /** Shows what waited. */
  catchUp(): void {
    this.list = this.waiting.concat(this.list);
    this.waiting = [];
  }

  end(): void {
    this.#stop.abort();
  }
}
