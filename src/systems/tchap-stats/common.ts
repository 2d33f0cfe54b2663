import type { ColumnInput, GuardsInput } from '../../project/input.ts';
import type { Correction, Winner } from '../../project/model.ts';
import type { Settings } from './settings.ts';

/** An id of a user or a device. */
export const PERSONAL: ColumnInput = { type: 'varchar', personal: true };

/**
 * Every dataset has rows every day, so an empty file is a broken export. Files cover several days or everything
 * there is, weekends with weekdays, so half or twice the usual number of rows is worth a look.
 */
export const COMMON_GUARDS: GuardsInput = {
  empty: 'stop',
  rows: { low: 0.5, high: 2, action: 'mark' },
};

/** Which delivery's values stand for what several carry. */
export function winnerOf({ parity }: Settings): Winner {
  return parity.has('first-wins') ? 'first' : 'newest';
}

/** @param what 'A visit'; @param values the columns that may differ between deliveries */
export function firstWinsCorrection(what: string, values: string): Correction {
  return {
    original: `${what} that is there already is left alone: whichever file was loaded first decides its ${values}.`,
    corrected: 'The newest delivery that carries it decides, in whatever order deliveries are loaded.',
    parity: 'first-wins',
  };
}

/** Days from a delivery to the date that its rows are stamped with. */
export function stampDays({ parity }: Settings): number {
  return parity.has('load-date') ? 1 : 0;
}

export const LOAD_DATE_CORRECTION: Correction = {
  original: 'added_date is the day of the load, so an old file that is loaded today counts for today.',
  corrected:
    "added_date is the delivery's day. With parity it is the day after, when the night's job loads it.",
  parity: 'load-date',
};
