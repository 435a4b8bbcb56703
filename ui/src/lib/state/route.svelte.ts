//! Where the person is: `#/logs?errors=1`. The fragment never reaches the server.

export const SCREENS = ['home', 'accounts', 'chat', 'clients', 'logs', 'usage', 'settings', 'diagnostics'] as const;
export type Screen = (typeof SCREENS)[number];

type Place = { screen: Screen; rest: string; params: URLSearchParams };

function read(): Place {
  const [path = '', search = ''] = location.hash.replace(/^#\/?/, '').split('?');
  const [name = '', ...rest] = path.split('/');
  const screen = SCREENS.find((screen) => screen === name) ?? 'home';
  return { screen, rest: rest.join('/'), params: new URLSearchParams(search) };
}

let place = $state.raw(read());
addEventListener('hashchange', () => {
  place = read();
});

export const route = {
  get screen(): Screen {
    return place.screen;
  },
  /** What follows the screen's name, e.g. the section of the settings. */
  get rest(): string {
    return place.rest;
  },
  get params(): URLSearchParams {
    return place.params;
  },
};

export function href(screen: Screen, rest = '', params: Record<string, string> = {}): string {
  const search = new URLSearchParams(params).toString();
  return `#/${screen}${rest && `/${rest}`}${search && `?${search}`}`;
}

/** Where the person signs in to an account again. */
export const signInHref = (id: string): string => href('accounts', `${id}/sign-in`);

export function go(screen: Screen, rest = '', params: Record<string, string> = {}): void {
  location.hash = href(screen, rest, params);
}
