export type CredentialSummary = { kind: string; label: string; expires_ms?: number | null };
