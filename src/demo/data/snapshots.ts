import { isMobile } from './agents.ts';
import { calendarDay } from './calendar.ts';
import { record } from './csv.ts';
import type { Sizes } from './sizes.ts';
import { PLACES } from './organisations.ts';
import { accountsOn, userAt } from './people.ts';
import { chance, hash, share } from './random.ts';

/** Everything there is on a day: settings of accounts. Some vanish, some change, and a few stand in the file twice. */
export function* accountDataRows(day: string, { seed, users }: Sizes): Iterable<string> {
  const today = calendarDay(day);
  for (let number = 0; number < accountsOn(today, users); number += 1) {
    if (!chance(0.4, seed, number, 61)) continue;
    // Whoever leaves is not in the snapshots after that.
    if (chance(0.02, seed, number, 62) && today.number > 2400 + (hash(seed, number, 63) % 400)) continue;
    const { id, place } = userAt(seed, number);
    // Settings change every few weeks, each user's on another day.
    const edition = Math.floor((today.number + (hash(seed, number, 64) % 30)) / 30);
    const theme = hash(seed, number, edition, 65) % 3;
    const content = JSON.stringify({ theme: ['light', 'dark', 'system'][theme], edition });
    yield record([id, 'fr.gouv.tchap.settings', content, place.instance, place.domain]);
    if (chance(0.004, seed, number, 66)) {
      yield record([id, 'fr.gouv.tchap.settings', '{"theme":"dark"}', place.instance, place.domain]);
    }
    if (chance(0.25, seed, number, 67)) {
      yield record([id, 'm.ignored_user_list', '', place.instance, place.domain]);
    }
  }
}

/** Accounts by way of signing in, per domain: ever more of them sign in by ProConnect. */
export function* ssoRows(day: string, { seed, users }: Sizes): Iterable<string> {
  const today = calendarDay(day);
  for (const [index, place] of PLACES.entries()) {
    const total = Math.round(accountsOn(today, users) * 12 * place.share);
    const connected = Math.min(0.9, today.growth * (0.3 + 0.5 * share(seed, index, 71)));
    const both = Math.round(total * connected * 0.6);
    const only = Math.round(total * connected * 0.4);
    yield record([total, place.domain, place.instance, total - both - only, both, only]);
  }
}

/** Telephones that receive notifications; web ones have neither kind nor app. */
export function* pusherRows(day: string, { seed, users }: Sizes): Iterable<string> {
  const today = calendarDay(day);
  for (let number = 0; number < accountsOn(today, users); number += 1) {
    const { id, place, devices } = userAt(seed, number);
    for (const device of devices) {
      const mobile = isMobile(seed, device.number);
      if (!mobile && !chance(0.05, seed, device.number, 72)) continue;
      const app = chance(0.4, seed, device.number, 73) ? 'fr.gouv.btalk.ios.prod' : 'fr.gouv.tchap.android';
      const enabled = chance(0.9, seed, device.number, 74) ? 't' : 'f';
      yield record([
        id,
        device.id,
        mobile ? app : '',
        mobile ? 'http' : '',
        enabled,
        place.instance,
        place.domain,
      ]);
    }
  }
}
