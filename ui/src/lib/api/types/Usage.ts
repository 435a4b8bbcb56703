import type { Totals } from './Totals';
import type { UsageBucket } from './UsageBucket';
import type { UsageLatency } from './UsageLatency';

export type Usage = {
  buckets: UsageBucket[];
  latency: UsageLatency | null;
  errors_by_category: { category: string; count: number }[];
  totals: Totals;
};
