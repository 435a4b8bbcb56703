export type Cleaned = { deleted: number; bytes: number; clock_jumped: boolean };
