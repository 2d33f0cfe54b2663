import type { ActionId } from '../actions/action.ts';
import { copyChoices } from './copy.ts';
import { say } from './moves.ts';
import { completion, type PaletteCommand, paletteItems } from './palette.ts';
import { helpItems } from './screens/help.ts';
import type { Runs } from './runs.ts';
import type { Store } from './store.ts';
import { sentence, toName } from './steer.ts';

/** What the palette and the list of what can be copied do things with. */
export interface Hands {
  runs: Pick<Runs, 'plan' | 'show'>;
  copy: (text: string) => void;
  dismiss: () => void;
  perform: (id: ActionId) => void;
  showBoard: () => void;
  /** To the date in the dialog. */
  goToDate: () => void;
  exit: (context: string) => void;
}

/** The palette, help, and what can be copied: dialogs in which one of many things is chosen. */
export class Chooser {
  private readonly store: Store;
  private readonly hands: Hands;

  constructor(store: Store, hands: Hands) {
    this.store = store;
    this.hands = hands;
  }

  /** Opens the dialog with what can be copied. */
  offerCopies(): void {
    const choices = copyChoices(this.store.current);
    this.store.update((state) =>
      choices.length === 0
        ? say(state, 'There is nothing here to copy.', 'plain')
        : { ...state, dialog: { kind: 'copy', row: 0, first: 0, choices } },
    );
  }

  copyChosen(): void {
    const { dialog } = this.store.current;
    const choice = dialog?.kind === 'copy' ? dialog.choices[dialog.row] : undefined;
    this.hands.dismiss();
    if (choice === undefined) return;
    this.hands.copy(choice.text);
    const [line = ''] = choice.text.split('\n');
    this.store.update((state) => say(state, `Copied: ${line}`, 'good'));
  }

  /** What the cursor of the palette is on: done, or written into its line. */
  fromPalette(runs: boolean): void {
    const { current } = this.store;
    if (current.dialog?.kind !== 'palette') return;
    const item = paletteItems(current, current.dialog.typed)[current.dialog.row];
    if (item === undefined) return;
    if (!runs || item.command.kind === 'complete') {
      const dialog = { ...current.dialog, typed: completion(item), row: 0, first: 0 };
      const next = { ...current, dialog };
      this.store.update(() =>
        runs && item.off !== undefined ? say(next, `${sentence(item.off)}.`, 'plain') : next,
      );
      return;
    }
    if (item.off !== undefined) {
      const why = `${sentence(item.text)}: ${item.off}.`;
      this.store.update((state) => say(state, why, 'plain'));
      return;
    }
    this.hands.dismiss();
    this.obey(item.command);
  }

  private obey(command: PaletteCommand): void {
    switch (command.kind) {
      case 'action':
        this.hands.perform(command.action.id);
        return;
      case 'plan':
        void this.hands.runs.plan(command.request, command.only);
        return;
      case 'date':
        this.hands.showBoard();
        this.store.update((state) => ({ ...state, dialog: { kind: 'date', typed: command.text } }));
        this.hands.goToDate();
        return;
      case 'table':
        this.hands.showBoard();
        this.store.update((state) => toName(state, command.name));
        return;
      case 'run':
        void this.hands.runs.show(command.id);
        return;
      case 'context':
        this.toContext(command.name);
        return;
      case 'complete':
    }
  }

  /** Another context is another console: this one ends first, and nothing that runs here is to end with it unasked. */
  private toContext(name: string): void {
    const { current } = this.store;
    const why = !current.contexts.includes(name)
      ? `There is no other context "${name}".`
      : current.here.length > 0
        ? `Run ${current.here.join(', ')} lives in this console: it would end with it.`
        : undefined;
    if (why !== undefined) this.store.update((state) => say(state, why, 'bad'));
    else this.hands.exit(name);
  }

  /** What the cursor of help is on, as its key would do it; why not, when it is off. */
  fromHelp(): void {
    const { current } = this.store;
    if (current.dialog?.kind !== 'help') return;
    const item = helpItems(current, current.dialog.typed)[current.dialog.row];
    if (item === undefined) return;
    if (item.off !== undefined) {
      const why = `${sentence(item.action.label)}: ${item.off}.`;
      this.store.update((state) => say(state, why, 'plain'));
      return;
    }
    this.hands.dismiss();
    this.hands.perform(item.action.id);
  }
}
