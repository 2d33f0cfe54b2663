import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.{ts,tsx}'],
    globalSetup: ['test/global-setup.ts', 'test/support/postgres-global.ts'],
    // Node itself runs config files, as it does for users: types stripped, 'dayboard' resolved by our own hook.
    server: { deps: { external: [/dayboard\.config\.(?:ts|m?js)$/] } },
    // Servers start and terminals draw on machines that are busy with the other files.
    testTimeout: 60_000,
    // Left to itself vitest keeps one core free: on two, files would run one after another.
    maxWorkers: '100%',
    hookTimeout: 60_000,
  },
});
