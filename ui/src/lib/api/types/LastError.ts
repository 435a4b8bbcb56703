export type LastError = { category: string; message: string; time_ms: number };
