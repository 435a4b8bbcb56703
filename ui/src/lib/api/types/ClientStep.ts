export type ClientStep = { os: string | null; kind: 'env' | 'file' | 'text'; text: string; copy: string | null };
