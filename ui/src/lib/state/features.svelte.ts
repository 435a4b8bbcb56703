//! What this backend does not have. A route that answers 404 hides its feature; nothing breaks.

import { SvelteSet } from 'svelte/reactivity';

import { isMissingRoute } from '../api/failure';

export type Feature =
  | 'session' | 'events' | 'localKey' | 'capture' | 'conversations' | 'export' | 'replay' | 'curl' | 'usage'
  | 'diagnostics' | 'clients' | 'pause' | 'removed' | 'quota' | 'autostart';

const missing = new SvelteSet<Feature>();

export const has = (feature: Feature): boolean => !missing.has(feature);

/** The answer, or null when the backend does not know the route. Other failures are thrown on. */
export async function optional<T>(feature: Feature, asked: Promise<T>): Promise<T | null> {
  try {
    const answer = await asked;
    missing.delete(feature);
    return answer;
  } catch (error) {
    if (!isMissingRoute(error)) throw error;
    missing.add(feature);
    return null;
  }
}
