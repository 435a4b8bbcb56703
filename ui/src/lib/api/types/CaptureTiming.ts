/** Milliseconds since 1970, or since `received_ms`; null for a step that was not reached. */
export type CaptureTiming = {
  received_ms: number;
  read_ms: number | null;
  routed_ms: number | null;
  sent_ms: number | null;
  first_byte_ms: number | null;
  first_content_ms: number | null;
  ended_ms: number | null;
};
