export default {
  compilerOptions: {
    runes: true,
    // Short scope names: the default ones are in every element and every rule.
    cssHash: ({ hash, filename }) => `s${hash(filename).slice(0, 4)}`,
  },
};
