//! What the person asks of the log: read from and written to the address, and applied to live rows.

import type { LogQuestion } from '$lib/api/routes';
import type { LogRow } from '$lib/api/types';

/** What counts as slow. */
export const SLOW_MS = 10_000;

export function readQuestion(params: URLSearchParams): LogQuestion {
  const text = (name: string): string | undefined => params.get(name) ?? undefined;
  const question: LogQuestion = {};
  for (const name of ['account', 'client', 'model', 'dialect', 'status', 'text'] as const) {
    const value = text(name);
    if (value) question[name] = value;
  }
  if (params.has('errors')) question.errors = true;
  if (params.has('failed_over')) question.failed_over = true;
  if (params.has('slow')) question.slower_than_ms = SLOW_MS;
  const since = Number(params.get('since'));
  if (since > 0) question.since_ms = since;
  return question;
}

export function writeQuestion(question: LogQuestion): Record<string, string> {
  const params: Record<string, string> = {};
  for (const name of ['account', 'client', 'model', 'dialect', 'status', 'text'] as const) {
    const value = question[name];
    if (value) params[name] = value;
  }
  if (question.errors) params['errors'] = '1';
  if (question.failed_over) params['failed_over'] = '1';
  if (question.slower_than_ms) params['slow'] = '1';
  if (question.since_ms) params['since'] = String(question.since_ms);
  return params;
}

/** Whether another account was asked in the place of one that did not answer: who failed alone, or was only asked once
 *  more, has gone past nobody. */
export function wentOn(row: LogRow): boolean {
  return row.failover_from?.some((tried) => tried['account'] !== row.account_name && !tried['skipped']) ?? false;
}

/** Whether a live row belongs to what is asked. The backend decides for stored rows; this must not say no where it
 *  would say yes, so texts are looked for as it does: anywhere, whatever the case. */
export function fits(row: LogRow, question: LogQuestion): boolean {
  const { account, client, model, dialect, status, errors, failed_over, slower_than_ms, since_ms, until_ms, text } = question;
  if (account && row.account_id !== account) return false;
  if (client && row.client !== client) return false;
  if (dialect && row.dialect !== dialect) return false;
  if (model && !has(row.model_asked, model) && !has(row.model_served, model)) return false;
  if (status && !(status.endsWith('xx') ? String(row.status)[0] === status[0] : String(row.status) === status)) return false;
  if (errors && row.error_category === null && !row.incomplete) return false;
  if (failed_over && !wentOn(row)) return false;
  if (slower_than_ms !== undefined && row.total_ms <= slower_than_ms) return false;
  if (since_ms !== undefined && row.time_ms < since_ms) return false;
  if (until_ms !== undefined && row.time_ms >= until_ms) return false;
  if (!text) return true;
  const { request_id, user_agent, path, model_asked, model_served, account_name, error_message, error_category } = row;
  return [request_id, row.client, user_agent, path, model_asked, model_served, account_name, error_message, error_category]
    .some((value) => has(value, text));
}

function has(value: string | null, wanted: string): boolean {
  return value !== null && value.toLowerCase().includes(wanted.toLowerCase());
}
