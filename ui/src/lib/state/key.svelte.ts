//! The local key and the addresses that clients use.

import * as api from '../api/routes';
import type { LocalKey } from '../api/types';
import { status } from './status.svelte';

let told = $state.raw<LocalKey | null>(null);

export const localKey = {
  get key(): string | null {
    return told?.key ?? null;
  },
  get urls(): LocalKey['base_urls'] {
    return told?.base_urls ?? { anthropic: location.origin, openai: `${location.origin}/v1` };
  },
  /** Where this page sends its own chat, best first: the proxy's port, and our own origin, which is the same on a
   *  headless host. */
  get chatBases(): string[] {
    const proxy = told && new URL(told.base_urls.anthropic).port !== location.port ? told.base_urls.anthropic : null;
    return proxy ? [proxy, ''] : [''];
  },
  async refresh(): Promise<void> {
    // A locked instance cannot read it either.
    told = status.value?.safe.kind === 'open' ? await api.keys.local() : null;
  },
  async rotate(): Promise<void> {
    await api.keys.rotate();
    await this.refresh();
  },
};
