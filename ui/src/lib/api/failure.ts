//! How a request to the admin API fails.

import { known } from '../i18n/index.svelte';
import type { Params } from '../i18n/message';

/** The backend said no. `status` 0: nobody answered. */
export class ApiFailure extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly params: Params = {},
    readonly retryAfterS: number | null = null,
  ) {
    super(message);
    this.name = 'ApiFailure';
  }
}

/** A failure as a sentence in the person's language, with what to do where we know it. */
export function explain(error: unknown): string {
  if (!(error instanceof ApiFailure)) return error instanceof Error ? error.message : String(error);
  return explainCode(error.code, error.message, error.params);
}

/** The sentence of a code; its own message when the code is not ours to translate. */
export function explainCode(code: string, message: string, params: Params = {}): string {
  const sentence = known(`error.${code}`, params);
  if (sentence === null) return message || code;
  // The codes of refused values say what kind of mistake it is; which one, only the message knows.
  return ['invalid_request', 'invalid_account', 'setting_invalid', 'key_invalid'].includes(code) && message
    ? `${sentence} (${message})`
    : sentence;
}
