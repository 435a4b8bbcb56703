export type StateView =
  | { kind: 'ready' }
  | { kind: 'cooling'; until_ms: number }
  | { kind: 'exhausted'; until_ms: number }
  | { kind: 'needs_sign_in' }
  | { kind: 'suspended' }
  | { kind: 'disabled' };
