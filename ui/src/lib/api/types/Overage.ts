export type Overage = { enabled: boolean; used: number; cap: number | null; rate: number | null };
