import type { ScriptSummary } from '../plan/script.ts';
import { matches } from './filter.ts';
import type { ConsoleState, ScriptField } from './state.ts';

/** The project's scripts that the filter leaves. */
export function scriptRows(state: ConsoleState): ScriptSummary[] {
  const filter = state.filters.scripts ?? '';
  return (state.scripts ?? []).filter(({ name, description }) => matches(filter, `${name} ${description}`));
}

export function scriptUnderCursor(state: ConsoleState): ScriptSummary | undefined {
  return state.screen === 'scripts' ? scriptRows(state)[state.scriptsView.row] : undefined;
}

export function fieldsOf({ parameters }: ScriptSummary): ScriptField[] {
  return parameters.map((parameter) => ({ parameter, typed: parameter.default ?? '' }));
}

/** The state with what was typed into the field that the cursor is on. */
export function typedField(state: ConsoleState, change: (typed: string) => string): ConsoleState {
  const { dialog } = state;
  if (dialog?.kind !== 'parameters') return state;
  const fields = dialog.fields.map((field, at) =>
    at === dialog.row ? { ...field, typed: change(field.typed) } : field,
  );
  return { ...state, dialog: { ...dialog, fields, problem: undefined } };
}

/** The cursor of the parameters a field on, or back, from one end to the other. */
export function toField(state: ConsoleState, step: 1 | -1): ConsoleState {
  const { dialog } = state;
  if (dialog?.kind !== 'parameters') return state;
  const total = Math.max(1, dialog.fields.length);
  return { ...state, dialog: { ...dialog, row: (dialog.row + step + total) % total } };
}
