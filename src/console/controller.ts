import type { Temporal } from 'temporal-polyfill';
import type { ActionId, ActionState } from '../actions/action.ts';
import { actionFor, boundActions, isPrefix } from '../actions/list.ts';
import { requestOf } from '../actions/requests.ts';
import { today } from '../project/period.ts';
import type { Workspace } from '../run/workspace.ts';
import { causeOf } from './cause.ts';
import { boardPlace, moveTo } from './board-cursor.ts';
import { behindLink, intoChain, linkUnderCursor, outOfChain } from './chain.ts';
import { Chooser } from './chooser.ts';
import { parseDay } from './dates.ts';
import { detailsOf } from './details.ts';
import { columnsFor, type Feed, MOST_COLUMNS } from './feed.ts';
import { atFile } from './files.ts';
import { isFiltered, typedFilter } from './filter.ts';
import { withFilter } from './refilter.ts';
import { scrollLog } from './pages.ts';
import { say } from './moves.ts';
import type { Runs } from './runs.ts';
import { toField } from './script-rows.ts';
import { Scripts } from './scripts.ts';
import { helpTyped } from './screens/help.ts';
import { actionState, cellUnderCursor, derivedUnderCursor, freshnessRows, placeOf } from './selection.ts';
import { openedRun, SHOWN, showing } from './shown.ts';
import { extended, filterKept, moved, sentence, wholeLog, withVolume } from './steer.ts';
import type { Store } from './store.ts';
import { TYPED, typed } from './typing.ts';

/** What a key does: looks its action up, says why when it is off, and else does it. */
export class Controller {
  private readonly store: Store;
  private readonly feed: Feed;
  private readonly runs: Runs;
  private readonly workspace: Workspace;
  private readonly exit: (context?: string) => void;
  private readonly chooser: Chooser;
  private readonly scripts: Scripts;
  private readonly suspend: () => void;
  private interrupts = 0;

  constructor(parts: {
    store: Store;
    feed: Feed;
    runs: Runs;
    workspace: Workspace;
    exit: (context?: string) => void;
    copy: (text: string) => void;
    suspend: () => void;
  }) {
    this.store = parts.store;
    this.feed = parts.feed;
    this.runs = parts.runs;
    this.workspace = parts.workspace;
    this.exit = parts.exit;
    this.suspend = parts.suspend;
    this.scripts = new Scripts({ ...parts, now: () => parts.store.current.now });
    this.chooser = new Chooser(parts.store, {
      runs: parts.runs,
      copy: parts.copy,
      exit: parts.exit,
      dismiss: () => this.dismiss(),
      perform: (id) => this.perform(id, actionState(this.store.current)),
      showBoard: () => this.go('show.board'),
      goToDate: () => this.goToDate(),
    });
  }

  /** A key by its name, as src/console/keys.ts gives it. */
  press(key: string): void {
    if (this.interrupted(key)) return;
    const { store } = this;
    const { prefix } = store.current;
    store.update((state) => ({ ...state, message: undefined, prefix: undefined, touched: true }));
    if (key.startsWith('shift-')) {
      store.update((state) => extended(state, key.slice('shift-'.length)));
      return;
    }
    const place = placeOf(store.current);
    const whole = prefix === undefined ? key : `${prefix} ${key}`;
    const action =
      actionFor(place, whole, store.current.context) ?? actionFor(place, key, store.current.context);
    if (action === undefined) this.unbound(key);
    else {
      const state = actionState(store.current);
      const off = action.disabledReason(state);
      if (off === undefined) this.perform(action.id, state);
      else store.update((current) => say(current, `${sentence(action.label)}: ${off}.`, 'plain'));
    }
  }

  /** ctrl-c twice quits, whatever is open; once where quitting is what is asked about. */
  private interrupted(key: string): boolean {
    this.interrupts = key === 'ctrl-c' ? this.interrupts + 1 : 0;
    const enough = this.store.current.dialog?.kind === 'leave' ? 1 : 2;
    if (this.interrupts < enough) return false;
    this.exit();
    return true;
  }

  private unbound(key: string): void {
    const { current } = this.store;
    const place = placeOf(current);
    if (isPrefix(place, key)) this.store.update((state) => ({ ...state, prefix: key }));
    else if (TYPED.has(current.dialog?.kind ?? '')) this.store.update((state) => typed(state, key));
    else if (boundActions(place, { readOnly: false }).some((action) => action.keys.includes(key))) {
      this.store.update((state) =>
        say(state, `Context ${state.context.name} is read-only: ${key} is not bound here.`, 'plain'),
      );
    }
  }

  private perform(id: ActionId, state: ActionState): void {
    const { store, runs } = this;
    switch (id) {
      case 'import':
      case 'plan':
      case 'retry':
      case 'diff':
      case 'undo':
      case 'refresh':
      case 'refreshAll': {
        const request = requestOf(id, state);
        if (request !== undefined) void runs.plan(request, id === 'plan');
        return;
      }
      case 'diff.ids':
        if (state.comparison !== undefined) void runs.plan(state.comparison, false);
        return;
      case 'plan.run':
        void runs.start();
        return;
      case 'plan.loadedToo':
        this.replan();
        return;
      case 'plan.watchHolder':
        this.dismiss();
        if (state.plan?.heldBy !== undefined) void runs.show(state.plan.heldBy);
        return;
      case 'cancel.step':
      case 'cancel.now':
        this.confirm(id === 'cancel.step' ? 'step' : 'now', state.run?.id);
        return;
      case 'confirm.yes':
        this.confirmed();
        return;
      case 'leave.wait':
      case 'leave.step':
      case 'leave.now':
        this.leave(id);
        return;
      case 'quit':
        this.quit();
        return;
      case 'suspend':
        this.suspend();
        return;
      case 'dismiss':
        this.dismiss();
        return;
      case 'open':
        this.open();
        return;
      case 'chain':
        store.update(intoChain);
        return;
      case 'background':
      case 'back':
        this.goBack();
        return;
      case 'show.board':
      case 'show.runs':
      case 'show.freshness':
      case 'show.files':
      case 'show.scripts':
      case 'show.audit':
      case 'show.sizes':
        this.go(id);
        return;
      case 'script':
        this.scripts.open();
        return;
      case 'parameters.plan':
        void this.scripts.plan();
        return;
      case 'parameters.next':
      case 'parameters.previous':
        store.update((current) => toField(current, id === 'parameters.next' ? 1 : -1));
        return;
      case 'script.run':
        void this.scripts.start();
        return;
      case 'log':
        this.openLog(state.logged);
        return;
      case 'filter':
        store.update((current) => ({ ...current, dialog: { kind: 'filter' } }));
        return;
      case 'filter.keep':
        store.update((current) => filterKept(current));
        return;
      case 'filter.clear':
        store.update((current) => withFilter({ ...current, dialog: undefined }, ''));
        return;
      case 'palette':
        store.update((current) => ({ ...current, dialog: { kind: 'palette', row: 0, first: 0, typed: '' } }));
        return;
      case 'palette.complete':
      case 'palette.run':
        this.chooser.fromPalette(id === 'palette.run');
        return;
      case 'volume':
        store.update(withVolume);
        return;
      case 'copy':
        this.chooser.offerCopies();
        return;
      case 'copy.it':
        this.chooser.copyChosen();
        return;
      case 'reload':
        void this.feed.list();
        store.update((current) => say(current, 'Asking the source what it has.', 'plain'));
        return;
      case 'log.earlier':
      case 'log.later':
        store.update((current) => scrollLog(current, id));
        return;
      case 'help':
        store.update((current) => ({ ...current, dialog: helpTyped(current, '') }));
        return;
      case 'help.run':
        this.chooser.fromHelp();
        return;
      case 'move.date':
        store.update((current) => ({ ...current, dialog: { kind: 'date', typed: '' } }));
        return;
      case 'date.go':
        this.goToDate();
        return;
      default:
        store.update((current) => moved(current, id));
        this.readFurtherBack();
    }
  }

  /** At the left edge of what is loaded, the next stretch is read. */
  private readFurtherBack(): void {
    const { current } = this.store;
    const { board, screen, columns } = current;
    if (screen !== 'board' || board === undefined || current.reading || columns >= MOST_COLUMNS) return;
    if (boardPlace(current, board).column > 6) return;
    this.store.update((state) => ({ ...state, columns: Math.min(MOST_COLUMNS, state.columns * 2) }));
    this.feed.readBoard();
  }

  private replan(): void {
    const { dialog } = this.store.current;
    if (dialog?.kind !== 'plan' || dialog.plan.request.command !== 'sync') return;
    const { request } = dialog.plan;
    const all = request.reprocess.includes('all');
    void this.runs.plan(
      { ...request, reprocess: all ? ['missing', 'failed', 'stale'] : ['all'] },
      dialog.only,
    );
  }

  private confirm(mode: 'step' | 'now', run: string | undefined): void {
    if (run !== undefined)
      this.store.update((state) => ({ ...state, dialog: { kind: 'confirm', mode, run } }));
  }

  private confirmed(): void {
    const { dialog } = this.store.current;
    this.dismiss();
    if (dialog?.kind === 'confirm') void this.runs.cancel(dialog.run, dialog.mode);
  }

  private quit(): void {
    this.runs.reconcile();
    const { here } = this.store.current;
    if (here.length === 0) this.exit();
    else this.store.update((state) => ({ ...state, dialog: { kind: 'leave' } }));
  }

  private leave(id: 'leave.wait' | 'leave.step' | 'leave.now'): void {
    const { here } = this.store.current;
    this.dismiss();
    if (here.length === 0) {
      this.exit();
      return;
    }
    this.store.update((state) => ({ ...state, leaving: true }));
    if (id === 'leave.wait') return;
    for (const run of here) void this.runs.cancel(run, id === 'leave.step' ? 'step' : 'now');
  }

  private dismiss(): void {
    this.store.update(({ dialog, ...state }) => ({
      ...state,
      dialog: undefined,
      leaving: state.leaving && dialog?.kind !== 'leave',
    }));
  }

  private open(): void {
    const { current } = this.store;
    const link = current.screen === 'freshness' ? linkUnderCursor(current) : undefined;
    if (link !== undefined) {
      const behind = behindLink(current, link);
      if ('run' in behind) void this.runs.show(behind.run, behind.at);
      else this.store.update(() => behind.state);
      return;
    }
    const cell = cellUnderCursor(current);
    const run = openedRun(current) ?? cell?.run;
    if (run !== undefined) {
      void this.runs.show(run, cell);
      return;
    }
    const derived = derivedUnderCursor(current);
    if (current.screen === 'board' && derived !== undefined) {
      this.go('show.freshness');
      const row = freshnessRows(this.store.current).findIndex((each) => each.name === derived.name);
      this.store.update((state) => ({ ...state, freshnessView: { row: Math.max(0, row), first: 0 } }));
      return;
    }
    const relation =
      current.screen === 'freshness' ? freshnessRows(current)[current.freshnessView.row] : undefined;
    const cause = relation === undefined ? undefined : causeOf(current, relation);
    if ((cause?.state === 'failed' || cause?.state === 'running') && cause.run !== undefined) {
      void this.runs.show(cause.run, cause);
      return;
    }
    const details = detailsOf(current);
    if (details !== undefined)
      this.store.update((state) => ({ ...state, dialog: { kind: 'details', first: 0, ...details } }));
  }

  /** The whole log of a run; of another one than is shown, that run is opened first and lies under it. */
  private openLog(id: string | undefined): void {
    if (id === undefined) return;
    if (this.store.current.runView.id !== id || this.store.current.screen !== 'run')
      void this.runs.show(id, cellUnderCursor(this.store.current));
    this.store.update(wholeLog);
  }

  private goBack(): void {
    const { current } = this.store;
    if (current.screen === 'freshness' && current.freshnessView.link !== undefined) {
      this.store.update(outOfChain);
      return;
    }
    if (this.leavesFilter()) return;
    this.runs.unfollowUnless(this.store.current.screen === 'log');
    if (this.store.current.screen === 'files') this.store.update(atFile);
    this.store.update((state) => ({
      ...state,
      screen: state.back.at(-1) ?? 'board',
      back: state.back.slice(0, -1),
    }));
  }

  /** Esc in a filtered list shows all of it first. */
  private leavesFilter(): boolean {
    const { current } = this.store;
    if (!isFiltered(current.screen) || typedFilter(current) === '') return false;
    this.store.update((state) => withFilter(state, ''));
    return true;
  }

  private go(id: keyof typeof SHOWN): void {
    const screen = SHOWN[id];
    const { current } = this.store;
    if (current.screen === screen) return;
    this.runs.unfollow();
    this.store.update((state) => showing(state, screen));
    const failed = (thrown: unknown) =>
      this.store.update((state) =>
        say(state, thrown instanceof Error ? thrown.message : String(thrown), 'bad'),
      );
    if (screen === 'runs') this.feed.readRuns().catch(failed);
    if (screen === 'freshness') this.feed.readFreshness().catch(failed);
    if (screen === 'scripts') this.feed.readScripts().catch(failed);
    if (screen === 'audit') this.feed.readAudit().catch(failed);
    if (screen === 'sizes') this.feed.readSizes().catch(failed);
  }

  private goToDate(): void {
    const { current } = this.store;
    const { dialog } = current;
    if (dialog?.kind !== 'date') return;
    const now = today(current.now, this.workspace.project.timeZone);
    const day = parseDay(dialog.typed, now);
    if (day === undefined) {
      const problem = 'No such day, or not yet. Write 2026-11-13, 11-13, -3 (days back), mon or today.';
      this.store.update((state) => ({ ...state, dialog: { ...dialog, problem } }));
      return;
    }
    this.dismiss();
    this.goToDay(day, now);
  }

  private goToDay(day: Temporal.PlainDate, now: Temporal.PlainDate): void {
    const name = day.toString();
    const column = this.store.current.board?.columnOf.get(name);
    if (column !== undefined) {
      this.store.update((state) => moveTo(state, { column }));
      return;
    }
    if (now.since(day).days >= MOST_COLUMNS) {
      this.store.update((state) =>
        say(state, 'The board goes back three years; dayboard status shows older days.', 'plain'),
      );
      return;
    }
    const columns = Math.min(MOST_COLUMNS, columnsFor(name, now.toString()) + 14);
    this.store.update((state) => ({ ...state, columns, view: { ...state.view, day: name, firstDay: name } }));
    this.feed.readBoard();
  }
}
