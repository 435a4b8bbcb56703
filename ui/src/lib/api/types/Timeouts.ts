export type Timeouts = { connect_s: number; first_byte_s: number; idle_s: number };
