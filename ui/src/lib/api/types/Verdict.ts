import type { Failure } from './Failure';

export type Verdict = {
  ok: boolean;
  model: string;
  latency_ms: number;
  clock_offset_s: number | null;
  error: Failure | null;
};
