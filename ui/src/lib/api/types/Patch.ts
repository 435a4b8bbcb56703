export type Patch = {
  name?: string;
  region?: string;
  endpoint_url?: string;
  credential?: Record<string, string>;
  options?: Record<string, unknown>;
  enabled?: boolean;
  tags?: string[];
  note?: string;
};
