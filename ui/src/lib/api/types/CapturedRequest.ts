export type CapturedRequest = {
  method: string;
  path: string;
  headers: [string, string][];
  body: string | null;
  body_bytes: number;
};
