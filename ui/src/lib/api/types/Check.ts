export type Check = {
  id: string;
  state: 'ok' | 'warn' | 'fail' | 'running';
  title_code: string;
  params: Record<string, string | number>;
  message: string;
  fix: { action: string; params: Record<string, unknown> } | null;
};
