import type { Capabilities } from './Capabilities';

export type Session = {
  authenticated: boolean;
  csrf: string | null;
  host: 'desktop' | 'headless';
  capabilities: Capabilities;
  needs: 'token' | 'password' | null;
  version: string;
};
