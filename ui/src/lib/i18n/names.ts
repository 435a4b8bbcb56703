//! In a build: where the texts are whose names are put together from data. Here every text is found by its name.

export const names: Record<string, number> = {};
