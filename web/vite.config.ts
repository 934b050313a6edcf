/// <reference types="vitest/config" />
import { existsSync } from 'node:fs';
import { defineConfig, loadEnv, type Plugin } from 'vite';

const PAGES = ['desk', 'board', 'calls', 'tickets', 'admin'];

/** As the engine does: `/calls/038g…` is the page `calls`. */
const pages: Plugin = {
  name: 'hotline-pages',
  configureServer: (server) => {
    server.middlewares.use((request, _, next) => {
      const [, page] = /^\/(\w+)(?:\/[^.]*)?(?:\?.*)?$/.exec(request.url ?? '') ?? [];
      if (page && PAGES.includes(page)) request.url = `/${page}/index.html`;
      next();
    });
  },
};

export default defineConfig(({ mode }) => {
  // `npm run dev` serves the pages alone; HOTLINE names the engine that answers them. The Host header goes through unchanged:
  // the engine takes changes from its own origin only.
  const engine = loadEnv(mode, '.', 'HOTLINE')['HOTLINE'] ?? 'http://127.0.0.1:8080';
  const proxy = { '/api': { target: engine }, '/ws': { target: engine.replace(/^http/, 'ws'), ws: true } };
  const input = ['index.html', ...PAGES.map((page) => `${page}/index.html`)].filter((file) => existsSync(file));
  return {
    appType: 'mpa',
    plugins: [pages],
    esbuild: { jsx: 'automatic', jsxImportSource: 'preact' },
    build: {
      // Nothing inline: the content security policy allows files of this origin only.
      outDir: 'dist', emptyOutDir: true, assetsInlineLimit: 0, modulePreload: { polyfill: false }, target: 'es2022',
      rollupOptions: { input },
    },
    server: { proxy },
    preview: { proxy },
    test: { environment: 'node' },
  };
});
