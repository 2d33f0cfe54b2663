import type { Action, ActionId, ActionState, Place } from './action.ts';

const DIALOGS: readonly Place[] = [
  'plan',
  'parameters',
  'script',
  'confirm',
  'leave',
  'date',
  'details',
  'filter',
  'palette',
  'copy',
  'help',
];

interface Answer {
  id: ActionId;
  places: readonly Place[];
  keys: string[];
  label: string;
  help: string;
  footer: number;
  off?: (state: ActionState) => string | undefined;
}

function answer({ id, places, keys, label, help, footer, off }: Answer): Action {
  return {
    id,
    places,
    keys,
    label,
    help,
    group: 'answer',
    danger: 'read',
    footer,
    disabledReason: off ?? (() => undefined),
    cli: () => undefined,
    screenOnly: true,
  };
}

/** Answers to dialogs. Those of 'confirm' and 'leave' only say yes to what a write action asked. */
export const ANSWERS: readonly Action[] = [
  answer({
    id: 'plan.loadedToo',
    places: ['plan'],
    keys: ['tab'],
    label: 'loaded ones too',
    help: 'also load again what is loaded already, or leave it alone',
    footer: 10,
    off: (state) => {
      if (state.plan !== undefined && state.plan.command !== 'sync')
        return 'only what is imported can be loaded again';
      return state.plan?.starting === true ? 'it is being started' : undefined;
    },
  }),
  answer({
    id: 'plan.watchHolder',
    places: ['plan'],
    keys: ['ctrl-w'],
    label: 'watch that run',
    help: 'watch the run that holds what this plan needs',
    footer: 5,
    off: (state) => (state.plan?.heldBy === undefined ? 'nothing that this plan needs is held' : undefined),
  }),
  answer({
    id: 'parameters.plan',
    places: ['parameters'],
    keys: ['enter'],
    label: 'plan',
    help: 'show what the script would do with these',
    footer: 1,
  }),
  answer({
    id: 'parameters.next',
    places: ['parameters'],
    keys: ['tab', 'down'],
    label: 'next',
    help: 'the next parameter',
    footer: 2,
  }),
  answer({
    id: 'parameters.previous',
    places: ['parameters'],
    keys: ['up'],
    label: 'previous',
    help: 'the parameter before',
    footer: 3,
  }),
  answer({
    id: 'confirm.yes',
    places: ['confirm'],
    keys: ['enter', 'y'],
    label: 'yes',
    help: 'yes, do it',
    footer: 1,
  }),
  answer({
    id: 'leave.wait',
    places: ['leave'],
    keys: ['w'],
    label: 'wait',
    help: 'wait for the run to end, then quit',
    footer: 1,
  }),
  answer({
    id: 'leave.step',
    places: ['leave'],
    keys: ['s'],
    label: 'stop after this step',
    help: 'stop after this step, then quit',
    footer: 2,
  }),
  answer({
    id: 'leave.now',
    places: ['leave'],
    keys: ['c'],
    label: 'cancel now',
    help: 'cancel now, then quit',
    footer: 3,
  }),
  answer({
    id: 'date.go',
    places: ['date'],
    keys: ['enter'],
    label: 'go',
    help: 'go to the date',
    footer: 1,
  }),
  answer({
    id: 'help.run',
    places: ['help'],
    keys: ['enter'],
    label: 'do it',
    help: 'do what is under the cursor',
    footer: 1,
  }),
  answer({
    id: 'filter.keep',
    places: ['filter'],
    keys: ['enter'],
    label: 'keep it',
    help: 'go on with what is left',
    footer: 1,
  }),
  answer({
    id: 'filter.clear',
    places: ['filter'],
    keys: ['esc', 'ctrl-c'],
    label: 'all again',
    help: 'show all again',
    footer: 99,
  }),
  answer({
    id: 'palette.run',
    places: ['palette'],
    keys: ['enter'],
    label: 'do it',
    help: 'do what is under the cursor',
    footer: 1,
  }),
  answer({
    id: 'palette.complete',
    places: ['palette'],
    keys: ['tab'],
    label: 'complete',
    help: 'write what is under the cursor into the line',
    footer: 2,
  }),
  answer({
    id: 'copy.it',
    places: ['copy'],
    keys: ['enter', 'y'],
    label: 'copy',
    help: 'copy what is under the cursor',
    footer: 1,
  }),
  answer({
    id: 'dismiss',
    places: DIALOGS.filter((place) => !['help', 'leave', 'filter'].includes(place)),
    keys: ['esc', 'ctrl-c'],
    label: 'leave',
    help: 'close this and change nothing',
    footer: 99,
  }),
  answer({
    id: 'dismiss',
    places: ['leave'],
    keys: ['esc'],
    label: 'stay',
    help: 'stay here',
    footer: 99,
  }),
  answer({
    id: 'dismiss',
    places: ['help'],
    keys: ['esc', '?', 'ctrl-c'],
    label: 'close',
    help: 'close help',
    footer: 99,
  }),
];
