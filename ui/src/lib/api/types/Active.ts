import type { StateView } from './StateView';

export type Active = { id: string; name: string; provider: string; state: StateView };
