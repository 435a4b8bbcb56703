//! One ticking clock for everything that says how long ago.

let now = $state(Date.now());
setInterval(() => {
  if (!document.hidden) now = Date.now();
}, 1000);

export const clock = {
  get now(): number {
    return now;
  },
};
