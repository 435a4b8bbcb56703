//! Who we are to the backend: a cookie session where it has them, else the local key as bearer.

import { credentials, observers } from '../api/client';
import { ApiFailure, isMissingRoute } from '../api/failure';
import * as api from '../api/routes';
import type { Capabilities, Session } from '../api/types';

export type Phase = 'starting' | 'token' | 'key' | 'ready';

const NO_SHELL: Capabilities = { autostart: false, reveal: false, notify: false, quit: false };

let phase = $state<Phase>('starting');
let details = $state.raw<Session | null>(null);

/** The one-time token comes in the fragment, which is never sent anywhere; it is gone from the address at once. */
function takeToken(): string | null {
  const found = /^#token=([^&]+)/.exec(location.hash);
  if (!found?.[1]) return null;
  history.replaceState(null, '', location.pathname + location.search);
  return decodeURIComponent(found[1]);
}

/** True when the backend knows no sessions: no such route, or the key is asked before any route is looked at. */
function knowsNoSessions(error: unknown): boolean {
  return isMissingRoute(error) || (error instanceof ApiFailure && error.code === 'local_key');
}

function enter(opened: Session): void {
  details = opened;
  credentials.csrf = opened.csrf;
  phase = opened.authenticated ? 'ready' : 'token';
}

async function withKey(key: string | null): Promise<void> {
  credentials.bearer = key;
  if (!key) {
    phase = 'key';
    return;
  }
  try {
    await api.settings.show();
    sessionStorage.setItem('key', key);
    phase = 'ready';
  } catch (error) {
    if (!(error instanceof ApiFailure) || error.status !== 401) throw error;
    credentials.bearer = null;
    sessionStorage.removeItem('key');
    phase = 'key';
    throw error;
  }
}

export const session = {
  get phase(): Phase {
    return phase;
  },
  get capabilities(): Capabilities {
    return details?.capabilities ?? NO_SHELL;
  },
  get desktop(): boolean {
    return details?.host === 'desktop';
  },
  /** Signing out makes sense only where a session was opened. */
  get closable(): boolean {
    return details !== null || credentials.bearer !== null;
  },

  async start(): Promise<void> {
    const token = takeToken();
    try {
      if (token) {
        // A token that was used before is no harm as long as its session lives.
        const opened = await api.session.open({ token }).catch((error: unknown) => {
          if (error instanceof ApiFailure && error.code === 'session_refused') return null;
          throw error;
        });
        if (opened) return enter({ ...(await api.session.show()), csrf: opened.csrf });
      }
      enter(await api.session.show());
    } catch (error) {
      if (!knowsNoSessions(error)) throw error;
      await withKey(sessionStorage.getItem('key')).catch((refused: unknown) => {
        if (!(refused instanceof ApiFailure) || refused.status !== 401) throw refused;
      });
    }
  },

  /** What the person typed at the gate. Throws what the backend says. */
  async prove(text: string): Promise<void> {
    if (phase === 'key') return withKey(text.trim());
    // The whole address that was printed is what people copy.
    const opened = await api.session.open({ token: text.trim().replace(/^.*#token=/, '') });
    enter({ ...(await api.session.show()), csrf: opened.csrf });
  },

  async end(): Promise<void> {
    if (credentials.bearer) {
      credentials.bearer = null;
      sessionStorage.removeItem('key');
    } else await api.session.close();
    location.reload();
  },
};

// A session that ran out, or a key that was rotated elsewhere: back to the gate, which says so.
observers.refused = () => {
  if (phase !== 'ready') return;
  if (credentials.bearer) {
    credentials.bearer = null;
    phase = 'key';
  } else phase = 'token';
};
