//! Who we are to the backend: a session, by a cookie that scripts do not see.

import { credentials, observers } from '../api/client';
import { ApiFailure } from '../api/failure';
import * as api from '../api/routes';
import type { Capabilities, Session } from '../api/types';

export type Phase = 'starting' | 'token' | 'ready';

const NO_SHELL: Capabilities = { autostart: false, reveal: false, notify: false, quit: false };

let phase = $state<Phase>('starting');
let details = $state.raw<Session | null>(null);

/** The one-time token comes in the fragment, which is never sent anywhere; it is gone from the address at once. A screen
    to begin with may follow it. */
function takeToken(): string | null {
  const found = /^#token=([^&]+)(?:&at=(\/[\w/-]+))?$/.exec(location.hash);
  if (!found?.[1]) return null;
  location.replace(`#${found[2] ?? ''}`);
  return decodeURIComponent(found[1]);
}

function enter(opened: Session): void {
  details = opened;
  credentials.csrf = opened.csrf;
  phase = opened.authenticated ? 'ready' : 'token';
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

  async start(): Promise<void> {
    const token = takeToken();
    if (token) {
      // A token that was used before is no harm as long as its session lives.
      const opened = await api.session.open({ token }).catch((error: unknown) => {
        if (error instanceof ApiFailure && error.code === 'session_refused') return null;
        throw error;
      });
      if (opened) return enter(opened);
    }
    enter(await api.session.show());
  },

  /** What the person typed at the gate. Throws what the backend says. */
  async prove(text: string): Promise<void> {
    // The whole address that was printed is what people copy.
    const token = /^(?:.*#token=)?([0-9a-f]{64})$/.exec(text.trim())?.[1];
    enter(await api.session.open(token || !this.needsPassword ? { token: token ?? text.trim() } : { password: text }));
  },

  get needsPassword(): boolean {
    return details?.needs === 'password';
  },
  /** A new password ends all sessions and gives this page another. */
  async setPassword(fresh: string | null, current: string): Promise<void> {
    enter(await api.password.change(fresh, current));
  },

  async end(): Promise<void> {
    await api.session.close();
    location.reload();
  },
};

// The desktop brings a fresh token whenever it raises the window; at the gate it opens it.
addEventListener('invited', ({ detail }: CustomEventInit<string>) => {
  if (phase === 'token' && detail) api.session.open({ token: detail }).then(enter, () => undefined);
});

// A session that ran out: back to the gate.
observers.refused = () => {
  if (phase !== 'ready') return;
  phase = 'token';
  api.session.show().then(enter, () => undefined);
};
