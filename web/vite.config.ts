/// <reference types="vitest/config" />
import { defineConfig, loadEnv } from 'vite';

export default defineConfig(({ mode }) => {
  // `npm run dev` serves the page alone; HOTLINE names the engine that answers it. The Host header goes through unchanged:
  // the engine takes changes from its own origin only.
  const engine = loadEnv(mode, '.', 'HOTLINE')['HOTLINE'] ?? 'http://127.0.0.1:8080';
  const proxy = { '/api': { target: engine }, '/ws': { target: engine.replace(/^http/, 'ws'), ws: true } };
  return {
    root: 'desk',
    base: '/desk/',
    esbuild: { jsx: 'automatic', jsxImportSource: 'preact' },
    // Nothing inline: the content security policy allows files of this origin only.
    build: { outDir: '../dist', emptyOutDir: true, assetsInlineLimit: 0, modulePreload: { polyfill: false }, target: 'es2022' },
    server: { proxy },
    preview: { proxy },
    test: { environment: 'node' },
  };
});
