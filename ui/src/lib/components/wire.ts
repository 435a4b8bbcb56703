//! The steps of one request, from whatever is known of it.

import type { Capture, CapturedRequest, LogRow } from '../api/types';

/** What the page itself saw of a request it sent. Times are milliseconds since it was sent. */
export type Seen = {
  request: CapturedRequest;
  events: { at_ms: number; name: string; data: string }[];
  headers_ms: number | null;
  first_content_ms: number | null;
  ended_ms: number | null;
};

export type StepName = 'read' | 'routed' | 'sent' | 'firstByte' | 'firstContent' | 'rest';
export type Step = { name: StepName; from: number; to: number };

/** Steps in milliseconds since the request came in; a step that was not reached, or is not known, is left out. */
export function steps(capture: Capture | null, row: LogRow | null, seen: Seen | null): Step[] {
  if (capture) {
    const { read_ms, routed_ms, sent_ms, first_byte_ms, first_content_ms, ended_ms } = capture.timing;
    return chain([
      ['read', read_ms], ['routed', routed_ms], ['sent', sent_ms],
      ['firstByte', first_byte_ms], ['firstContent', first_content_ms], ['rest', ended_ms],
    ]);
  }
  if (seen) {
    return chain([['firstByte', seen.headers_ms], ['firstContent', seen.first_content_ms], ['rest', seen.ended_ms]]);
  }
  return row ? chain([['firstContent', row.first_byte_ms], ['rest', row.total_ms]]) : [];
}

function chain(ends: [StepName, number | null][]): Step[] {
  let from = 0;
  const found: Step[] = [];
  for (const [name, end] of ends) {
    if (end === null) continue;
    const to = Math.max(from, end);
    found.push({ name, from, to });
    from = to;
  }
  return found;
}
