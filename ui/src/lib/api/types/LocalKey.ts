export type LocalKey = { key: string; base_urls: { anthropic: string; openai: string } };
