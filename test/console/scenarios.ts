import type { Scenario } from '../support/scenario.ts';

/** What operators do, most often first. `./scripts/capture --recordings` writes each as a recording. */
export const SCENARIOS: readonly Scenario[] = [
  {
    name: 'repair-a-day',
    title: 'sees at 07:40 what failed and why, looks at the plan of its repair, and runs it',
    options: { beatMs: 40 },
    async act({ press, see }) {
      await see('2 failed');
      await see('Column "hour" of line 2,114 is no timestamp');
      press('i');
      await see('1 delivery to do');
      press('enter');
      await see('▶ load');
      await see('is done in');
      press('esc');
      await see('TABLES 7');
      await see('1 failed');
    },
  },
  {
    name: 'repair-a-range',
    title: 'goes to a date, marks days there, and has them loaded again',
    options: { beatMs: 20 },
    async act({ press, type, see }) {
      await see('2 failed');
      press('t');
      await see('GO TO');
      type('11-10\r');
      await see(/2026-11-10 tue/u);
      press('shift-right');
      press('shift-right');
      await see('3 cells marked');
      press('i');
      await see('3 deliveries to do');
      press('enter');
      await see('is done in');
    },
  },
  {
    name: 'why-stale',
    title: 'asks why a view is stale, and finds the delivery that is lacking',
    async act({ press, see }) {
      await see('views: 3 behind');
      press('3');
      await see('WHY');
      await see(/reads[^]*user_daily_visits +loaded through/u);
      press('1');
      await see('TABLES 7');
    },
  },
  {
    name: 'cancel-a-run',
    title: 'starts a run, leaves it running, comes back to it and cancels it',
    options: { beatMs: 400 },
    async act({ press, see }) {
      await see('2 failed');
      press('i');
      await see('1 delivery to do');
      press('enter');
      await see('▶ running');
      press('b');
      await see('TABLES 7');
      press('2');
      await see('STARTED');
      press('enter');
      await see(/runs › \d+ sync/u);
      press('X');
      await see('CANCEL run');
      press('enter');
      await see('was cancelled');
    },
  },
  {
    name: 'look-around',
    title: 'looks at the files of a table, finds a key in the help, and runs a command by its name',
    async act({ press, type, see, seeNoMore }) {
      await see('2 failed');
      press('4');
      await see(/subscriptions_2026-11-\d\d\.csv/u);
      press('esc');
      await see('TABLES 7');
      press('?');
      await see('KEYS');
      type('fresh');
      await see(/fresh/u);
      press('esc');
      await seeNoMore('KEYS');
      press(':');
      await see('COMMAND');
      type('sync yesterday');
      await see('sync yesterday');
      press('enter');
      await see('same as:');
    },
  },
  {
    name: 'any-size',
    title: 'makes the window small and large, in the middle of a plan and of its run',
    options: { beatMs: 20 },
    async act({ press, resize, see }) {
      await see('2 failed');
      press('i');
      await see('1 delivery to do');
      resize(200, 50);
      await see((lines) => (lines[0]?.length ?? 0) > 150);
      resize(40, 10);
      await see('needs 60x16');
      resize(80, 24);
      await see('1 delivery to do');
      press('enter');
      await see('is done in');
    },
  },
];
