import type { Field } from './Field';

export type CredentialKind = { kind: string; fields: Field[] };
