import type { CaptureSettings } from './CaptureSettings';
import type { Failover } from './Failover';
import type { Timeouts } from './Timeouts';

/** Members that older backends do not have are optional; the screen hides what is missing. */
export type Settings = {
  port: number;
  bind: string;
  allow_lan: boolean;
  require_key: boolean;
  failover: Failover;
  retention_days: number;
  retention_mb: number;
  timeouts: Timeouts;
  extra_hosts: string[];
  allowed_origins: string[];
  debug_log: boolean;
  reasoning_content: boolean;
  auto_cache: 'off' | '5m' | '1h';
  model_aliases: Record<string, string>;
  prefer_global: boolean;
  forbid_global: boolean;
  capture?: CaptureSettings;
  language?: 'system' | 'en' | 'zh-CN';
  theme?: 'system' | 'light' | 'dark';
  upstream_proxy?: string | null;
  ca_file?: string | null;
  notifications?: Record<string, boolean>;
  first_run_done?: boolean;
};
