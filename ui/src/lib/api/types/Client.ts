import type { ClientStep } from './ClientStep';

export type Client = {
  id: string;
  name: string;
  kind: string;
  state: 'not_installed' | 'not_connected' | 'connected' | 'unknown';
  last_seen_ms: number | null;
  version: string | null;
  steps: ClientStep[];
  note_code: string | null;
};
