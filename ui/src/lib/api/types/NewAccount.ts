export type NewAccount = {
  name: string;
  provider: string;
  region?: string;
  endpoint_url?: string;
  credential: Record<string, string>;
  options?: Record<string, unknown>;
  policy_accepted?: boolean;
};
