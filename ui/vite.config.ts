import { fileURLToPath } from 'node:url';

import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vite';

import { compactTexts } from './build/compact-i18n';
import { unused } from './build/unused';

/** Where a running Switchboard listens; only for `vite` and `vite preview`. */
const backend = process.env['SWITCHBOARD_URL'] ?? 'http://127.0.0.1:4880';

// The boundary refuses foreign Host and Origin headers, rightly: here the proxy is the one who speaks for the page.
const proxied = {
  target: backend,
  changeOrigin: true,
  headers: { origin: backend },
};
const proxy = { '/api': proxied, '/v1': proxied };

/** All but what only Chat and Usage need, and the second language. */
function everywhere(id: string): boolean {
  if (id.includes('node_modules')) return /node_modules\/(svelte|esm-env|clsx)\//.test(id);
  return !/screens\/(Chat\/(?!send|fold|types)|Usage\/)|lib\/markdown|zh-CN/.test(id);
}

export default defineConfig({
  base: './',
  plugins: [unused(), compactTexts(fileURLToPath(new URL('./src', import.meta.url))), svelte()],
  resolve: { alias: { $lib: fileURLToPath(new URL('./src/lib', import.meta.url)) } },
  server: { proxy },
  // The policy of the real server, so that what breaks it shows here.
  preview: { proxy, headers: { 'content-security-policy': "default-src 'self'" } },
  build: {
    target: 'es2022',
    // `default-src 'self'` allows no data: URL.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    chunkSizeWarningLimit: 400,
    // One stylesheet, and few scripts: small files compress badly and the window reads them from this machine.
    cssCodeSplit: false,
    rolldownOptions: { output: { codeSplitting: { groups: [{ name: 'app', test: everywhere }] } } },
  },
});
