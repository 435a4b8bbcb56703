//! The local key and the addresses that clients use.

import { credentials } from '../api/client';
import * as api from '../api/routes';
import type { LocalKey } from '../api/types';
import { optional } from './features.svelte';
import { status } from './status.svelte';

let told = $state.raw<LocalKey | null>(null);

/** Without the backend's word: the page's own host and the proxy's port. */
function guess(): LocalKey['base_urls'] {
  const port = status.value?.port;
  const base = port ? `http://127.0.0.1:${port}` : location.origin;
  return { anthropic: base, openai: `${base}/v1` };
}

export const localKey = {
  /** Null when neither the backend told nor the person typed it. */
  get key(): string | null {
    return told?.key ?? credentials.bearer;
  },
  get urls(): LocalKey['base_urls'] {
    return told?.base_urls ?? guess();
  },
  /** Where this page sends its own chat, best first: the proxy's port, and our own origin, which is the same on a
   *  headless host. */
  get chatBases(): string[] {
    const proxy = told && new URL(told.base_urls.anthropic).port !== location.port ? told.base_urls.anthropic : null;
    return proxy ? [proxy, ''] : [''];
  },
  async refresh(): Promise<void> {
    told = await optional('localKey', api.keys.local());
  },
  async rotate(): Promise<void> {
    const { key } = await api.keys.rotate();
    if (credentials.bearer) {
      credentials.bearer = key;
      sessionStorage.setItem('key', key);
    }
    await this.refresh();
  },
};
