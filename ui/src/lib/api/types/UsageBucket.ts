import type { UsageGroup } from './UsageGroup';

export type UsageBucket = { start_ms: number; groups: UsageGroup[] };
