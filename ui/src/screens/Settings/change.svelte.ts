//! Changing a setting and saying how that went.

import { ApiFailure } from '$lib/api/failure';
import { t } from '$lib/i18n/index.svelte';
import { settings } from '$lib/state/settings.svelte';
import { toasts } from '$lib/state/toasts.svelte';

/** True when the backend took it. A control that was refused shows the old value again by itself. */
export async function change(changes: Record<string, unknown>): Promise<boolean> {
  try {
    await settings.change(changes);
    toasts.ok(t('common.saved'));
    return true;
  } catch (error) {
    if (error instanceof ApiFailure && error.code === 'port_taken') {
      const owner = error.params['owner'];
      const port = String(error.params['port'] ?? '');
      toasts.show('error', owner ? t('settings.portTaken', { port, owner }) : t('error.port_taken'));
    } else toasts.failed(error);
    return false;
  }
}
