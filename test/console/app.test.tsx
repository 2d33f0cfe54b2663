import { render } from 'ink-testing-library';
import { expect, it } from 'vitest';
import { App } from '../../src/console/app.tsx';
import { initialState } from '../../src/console/state.ts';
import { Store } from '../../src/console/store.ts';
import { createTheme } from '../../src/console/theme.ts';
import { aProject } from '../support/definitions.ts';
import { until } from '../support/until.ts';

it('the frame follows the state, and keys reach the controller by their names', async () => {
  const store = new Store(
    initialState({
      project: aProject({ name: 'visits-of-tests' }),
      context: {
        name: 'demo',
        readOnly: false,
        production: false,
        database: 'ann@db:5432/stats',
        source: 'a bucket',
      },
      size: { columns: 100, rows: 24 },
      now: '2024-11-15T07:40:00.000Z',
      columns: 30,
      tips: [],
    }),
  );
  const pressed: string[] = [];
  const theme = createTheme({ color: 'none', ascii: true, background: 'dark' });
  const app = render(
    <App store={store} controller={{ press: (name) => void pressed.push(name) }} theme={theme} />,
  );
  await until(() => app.lastFrame()?.includes('ann@db:5432/stats'));
  expect(app.lastFrame()?.split('\n').length).toBeLessThanOrEqual(24);
  store.update((state) => ({ ...state, size: { columns: 40, rows: 10 } }));
  await until(() => app.lastFrame()?.includes('needs 60x16'));
  app.stdin.write('i');
  app.stdin.write('\u001b[A');
  await until(() => pressed.length === 2);
  expect(pressed).toEqual(['i', 'up']);
  app.unmount();
});
