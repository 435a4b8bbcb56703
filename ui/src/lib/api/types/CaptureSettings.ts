export type CaptureSettings = { enabled: boolean; max_kb: number; keep_mb: number };
