import { Temporal } from 'temporal-polyfill';
import { type CalendarDay, calendarDay, hourShare } from '../data/calendar.ts';
import { chance, hash, share } from '../data/random.ts';
import type { Day } from '../../project/model.ts';
import { ADVISERS, adviserAt, YOUNG_PEOPLE, youngPersonAt } from './people.ts';

/** An event as the application writes it down, in the order of its table's columns after the id. */
export type EngagementEvent = [
  at: string,
  category: string | null,
  action: string | null,
  name: string | null,
  user: string,
  kind: string | null,
  structure: string | null,
  code: string | null,
];

type What = readonly [
  weight: number,
  category: string | null,
  action: string | null,
  name: string | null,
  code: string | null,
];

const BY_YOUNG_PEOPLE: readonly What[] = [
  [24, 'Offre', 'Recherche', 'Emploi', 'OFFRE_EMPLOI_RECHERCHEE'],
  [14, 'Offre', 'Détail', 'Emploi', 'OFFRE_EMPLOI_AFFICHEE'],
  [6, 'Offre', 'Recherche', 'Alternance', 'OFFRE_ALTERNANCE_RECHERCHEE'],
  [4, 'Offre', 'Détail', 'Alternance', 'OFFRE_ALTERNANCE_AFFICHEE'],
  [3, 'Offre', 'Recherche', 'Immersion', 'OFFRE_IMMERSION_RECHERCHEE'],
  [3, 'Offre', 'Postuler', 'Emploi', 'OFFRE_EMPLOI_POSTULEE'],
  [2, 'Offre', 'favori', 'Emploi', 'OFFRE_EMPLOI_SAUVEGARDEE'],
  [12, 'Message', 'Envoi', 'Message', 'MESSAGE_ENVOYE'],
  [9, 'Action', 'Création', 'Action', 'ACTION_CREE'],
  [5, 'Démarche', 'Création', 'IA', 'CREATION_DEMARCHE_IA'],
  [7, 'Action', 'Statut modifié', null, 'ACTION_STATUT_MODIFIE'],
  [8, 'Rendez-vous', 'Consultation', 'Liste', 'RDV_LISTE'],
  [2, 'Evénement', 'Consultation', 'Détail', 'EVENEMENT_DETAIL'],
  [1, null, 'Consultation', null, null],
];

const BY_ADVISERS: readonly What[] = [
  [40, 'Message', 'Envoi', 'Message', 'MESSAGE_ENVOYE'],
  [20, 'Action', 'Création', 'Action', 'ACTION_CREE'],
  [20, 'Rendez-vous', 'Création', 'Rendez-vous', 'RDV_CREE'],
  [14, 'Offre', 'Partage', 'Emploi', 'OFFRE_PARTAGEE'],
  [6, 'Portefeuille', 'Consultation', null, null],
];

/**
 * The events of a day in Paris, in the order of their time: the same ones whenever they are asked for.
 * @param part how much of everybody's events there are, from 0 to 1
 */
export function eventsOf(name: Day, part = 1): EngagementEvent[] {
  const day = calendarDay(name);
  const events: EngagementEvent[] = [];
  for (let number = 0; number < YOUNG_PEOPLE * part; number += 1) {
    const person = youngPersonAt(number);
    const habit = 0.08 + 0.5 * share(number, 61) ** 2;
    if (!chance((0.25 + 0.75 * day.activity) * habit, number, day.number, 62)) continue;
    // A few carry no kind of user: the application has written such rows.
    const kind = chance(0.001, number, day.number, 63) ? null : 'JEUNE';
    for (let nth = 0; nth < 1 + Math.floor(share(number, day.number, 64) ** 2 * 9); nth += 1)
      events.push(eventAt(day, number, nth, BY_YOUNG_PEOPLE, [person.id, kind, person.structure]));
  }
  for (let number = 0; number < ADVISERS * part; number += 1) {
    const adviser = adviserAt(number);
    if (!chance(day.activity * 0.8, number, day.number, 65)) continue;
    const who = [adviser.id, 'CONSEILLER', adviser.structure] as const;
    for (let nth = 0; nth < 2 + Math.floor(share(number, day.number, 66) * 10); nth += 1)
      events.push(eventAt(day, number + YOUNG_PEOPLE, nth, BY_ADVISERS, who));
  }
  return events.sort(([a], [b]) => (a < b ? -1 : 1));
}

function eventAt(
  day: CalendarDay,
  number: number,
  nth: number,
  whats: readonly What[],
  [user, kind, structure]: readonly [string, string | null, string | null],
): EngagementEvent {
  const [, category, action, name, code] = weighted(whats, share(day.number, number, nth, 67));
  return [instantOf(day, number, nth), category, action, name, user, kind, structure, code];
}

function weighted(whats: readonly What[], at: number): What {
  let left = at * whats.reduce((sum, [weight]) => sum + weight, 0);
  for (const what of whats) {
    left -= what[0];
    if (left < 0) return what;
  }
  return whats[0] as What;
}

/** A moment of the day in Paris, in microseconds; an hour that summer time leaves out is the one after it. */
function instantOf(day: CalendarDay, number: number, nth: number): string {
  let hour = 0;
  let left = share(day.number, number, nth, 68);
  while (hour < 23 && (left -= hourShare(hour)) > 0) hour += 1;
  const rest = hash(day.number, number, nth, 69);
  return Temporal.PlainDate.from(day.name)
    .toZonedDateTime({
      timeZone: 'Europe/Paris',
      plainTime: Temporal.PlainTime.from({
        hour,
        minute: rest % 60,
        second: (rest >>> 6) % 60,
        millisecond: (rest >>> 12) % 1000,
        microsecond: (rest >>> 20) % 1000,
      }),
    })
    .toInstant()
    .toString({ fractionalSecondDigits: 6 });
}
