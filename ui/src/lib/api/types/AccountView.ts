import type { CredentialSummary } from './CredentialSummary';
import type { LastError } from './LastError';
import type { Policy } from './Policy';
import type { StateView } from './StateView';

export type AccountView = {
  id: string;
  name: string;
  provider: string;
  policy: Policy;
  region: string;
  endpoint_url: string | null;
  options: Record<string, unknown>;
  credential: CredentialSummary;
  position: number;
  enabled: boolean;
  ephemeral: boolean;
  active: boolean;
  state: StateView;
  last_error: LastError | null;
  created_ms: number;
  updated_ms: number;
};
