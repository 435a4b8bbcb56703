export type Bundle = { files: { name: string; text: string }[] };
