export type Removed = { id: string; name: string; provider: string; removed_ms: number };
