import './lib/styles/tokens.css';
import './lib/styles/base.css';
import './lib/styles/controls.css';

import { mount } from 'svelte';

import App from './App.svelte';
import { settings } from './lib/state/settings.svelte';

await settings.start();
mount(App, { target: document.getElementById('app') as HTMLElement });
