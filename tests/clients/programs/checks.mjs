// Runs checks by name, one at a time, as the harness asks for them on standard input. Says how each went, and when a
// check is about to make its client leave, as JSON lines.
import { createInterface } from 'node:readline';

export const [base, key, CLAUDE] = process.argv.slice(2);
const others = JSON.parse(process.argv[5]);
export const CALL = '[[tool:get_weather {"city":"Paris"}]]';
export const THROTTLE = '[[fault:throttle]]';
// Some frames first: a model may think before it speaks, and the words must have begun.
export const BREAK = '[[fault:exception-after 16 throttlingException]]';
export const STALL = '[[fault:stall-after 16]]';
export const PACE = '[[fault:pace 60]]';
export const LONG = 'many words '.repeat(60);
export const PNG =
  'iVBORw0KGgoAAAANSUhEUgAAABAAAAAQCAIAAACQkWg2AAAAF0lEQVR4nGP4z8BAEiJN9aiGUQ1DSgMAkPn/Afnh+ngAAAAASUVORK5CYII=';

let numbers = 0;
export const nonce = () => `j${process.pid}x${++numbers}`;
export const hello = (mark) => `say hello ${mark}`;
export const colourful = (mark) => `naïve 日本語 🌍 ${mark} ÿ end`;
export const getWeather = ({ city }) => `sunny-${city}-${40 + 2}`;

export const need = (condition, what) => {
  if (!condition) throw new Error(typeof what === 'string' ? what : JSON.stringify(what));
};

/** The error that `action` fails with. */
export const failure = async (action) => {
  try {
    await action();
  } catch (error) {
    return error;
  }
  throw new Error('no exception');
};

const say = (line) => process.stdout.write(JSON.stringify(line) + '\n');

/** The checks of `checks(other)` for all other models, each named after what is other with its model. */
export const named = (checks) => {
  const all = Object.entries(others).flatMap(([name, other]) =>
    Object.entries(checks(other)).map(([kind, check]) => [`${name}-${kind}`, check]),
  );
  return Object.fromEntries(all.filter(([, check]) => check));
};

/** Tells the harness that the client is about to leave the request with `mark`. */
export const leaving = (mark) => say({ leaving: mark });

/** Tells the harness that the request with `mark` had the picture. */
export const pictured = (mark) => say({ pictured: mark });

/** Runs `checks` as they are asked for. */
export const serve = async (checks) => {
  say({ checks: Object.keys(checks) });
  for await (const name of createInterface({ input: process.stdin })) {
    try {
      await checks[name]();
      say({ ok: true });
    } catch (error) {
      say({ ok: false, why: `${error?.constructor?.name}: ${error?.message}` });
    }
  }
  // An SDK's kept connections would hold the process.
  process.exit(0);
};
