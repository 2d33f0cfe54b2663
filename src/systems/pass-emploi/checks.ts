import type { CheckInput } from '../../project/input.ts';
import { sqlText } from '../sql-text.ts';
import { AI_FEATURES, ENGAGEMENT, FEATURES, NATIONAL } from './aggregates.ts';
import { EVENTS, SYSTEM } from './settings.ts';

const WEEKLY = [FEATURES, AI_FEATURES, ENGAGEMENT, NATIONAL];

/** What must hold of the events and of the weekly tables, run after each step that changes them. */
export function checks(): CheckInput[] {
  return [
    check('days_are_complete', 'Events of each day, and what its publish counted', [EVENTS]),
    check('no_event_is_twice', 'Each event once', [EVENTS]),
    check('weeks_are_monday_to_sunday', 'Each event has its day, and the Monday of it', [EVENTS]),
    check('archive_has_no_personal_data', 'archive_jeune is without donnees', [EVENTS]),
    check('one_row_per_grain', 'No grain twice in a weekly table', WEEKLY),
    check('features_add_up', 'Names, actions, categories and totals fit one another', [
      FEATURES,
      AI_FEATURES,
    ]),
    check('features_match_events', 'Totals of the last weeks, and their events', [FEATURES]),
    check('engagement_is_ordered', 'Active in the week, in the month, in two months', [ENGAGEMENT, NATIONAL]),
    check('regions_match_nation', 'Users by place, and in the country', [ENGAGEMENT, NATIONAL]),
    check('no_week_is_missing', 'Every week with events is in the weekly tables', [ENGAGEMENT, NATIONAL]),
  ];
}

function check(name: string, description: string, of: string[]): CheckInput {
  return { name, description, of, sql: sqlText(SYSTEM, name), timeoutSeconds: 900 };
}
