import './lib/styles/tokens.css';
import './lib/styles/base.css';
import './lib/styles/controls.css';

import { mount } from 'svelte';

import App from './App.svelte';
import { settings } from './lib/state/settings.svelte';

// A desktop without a language (`LANG=C`) names one that does not exist, over which the charts' library falls.
try {
  Intl.getCanonicalLocales(navigator.language);
} catch {
  Object.defineProperty(navigator, 'language', { value: 'en' });
}

await settings.start();
mount(App, { target: document.getElementById('app') as HTMLElement });
