export type UsageLatency = {
  p50_ms: number | null;
  p90_ms: number | null;
  p99_ms: number | null;
  first_byte_p50_ms: number | null;
  first_byte_p90_ms: number | null;
};
