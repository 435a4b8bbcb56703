import { fileURLToPath } from 'node:url';

import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vite';

/** Where a running Switchboard listens; only for `vite` and `vite preview`. */
const backend = process.env['SWITCHBOARD_URL'] ?? 'http://127.0.0.1:4880';

// The boundary refuses foreign Host and Origin headers, rightly: here the proxy is the one who speaks for the page.
const proxied = {
  target: backend,
  changeOrigin: true,
  headers: { origin: backend },
};
const proxy = { '/api': proxied, '/v1': proxied };

export default defineConfig({
  base: './',
  plugins: [svelte()],
  resolve: { alias: { $lib: fileURLToPath(new URL('./src/lib', import.meta.url)) } },
  server: { proxy },
  preview: { proxy },
  build: {
    target: 'es2022',
    // `default-src 'self'` allows no data: URL.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    chunkSizeWarningLimit: 400,
  },
});
