import type { CredentialKind } from './CredentialKind';
import type { Policy } from './Policy';

export type Description = {
  id: string;
  name: string;
  policy: Policy;
  policy_note: string | null;
  regions: string[];
  credentials: CredentialKind[];
  consented_ms?: number | null;
};
