//! Messages: text with `{name}` in it, or one text a plural form.

export type Params = Record<string, string | number>;
export type Message = string | { one?: string; other: string };

/** Puts the params into a message. Numbers are written as the language writes them. */
export function fill(message: Message, params: Params, locale: string): string {
  return choose(message, params, locale).replace(/\{(\w+)\}/g, (whole, name: string) => {
    const value = params[name];
    if (value === undefined) return whole;
    // A port is a name made of digits.
    return typeof value === 'number' && name !== 'port' ? new Intl.NumberFormat(locale).format(value) : String(value);
  });
}

function choose(message: Message, params: Params, locale: string): string {
  if (typeof message === 'string') return message;
  const count = params['count'];
  const one = typeof count === 'number' && new Intl.PluralRules(locale).select(count) === 'one';
  return (one ? message.one : undefined) ?? message.other;
}
