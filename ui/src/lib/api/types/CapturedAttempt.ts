export type CapturedAttempt = {
  account: string;
  model: string;
  url: string;
  headers: [string, string][];
  body: string | null;
  body_bytes: number;
  status: number | null;
  response_headers: [string, string][];
  started_ms: number;
  first_byte_ms: number | null;
  ended_ms: number | null;
  events: { at_ms: number; name: string; data: string }[];
  events_truncated: boolean;
};
