export type Field = { name: string; secret: boolean; required: boolean };
