import { chance, hash, pick, share } from './random.ts';

// User agents as they come from the field. Browsers that say "(KHTML, like Gecko)" have a comma and are quoted in the
// file; Firefox and the apps have none.

type Kind =
  | 'android'
  | 'neo'
  | 'ios'
  | 'notification'
  | 'firefox'
  | 'chrome'
  | 'edge'
  | 'safari'
  | 'iphone'
  | 'desktop'
  | 'element'
  | 'repo';

const KINDS: ReadonlyArray<readonly [Kind, number]> = [
  ['android', 0.27],
  ['ios', 0.17],
  ['firefox', 0.22],
  ['chrome', 0.13],
  ['edge', 0.09],
  ['notification', 0.04],
  ['neo', 0.03],
  ['safari', 0.02],
  ['desktop', 0.012],
  ['iphone', 0.008],
  ['element', 0.006],
  ['repo', 0.004],
];

const ANDROIDS = [
  'samsung SM-A546B; Android 14; UP1A.231005.007',
  'samsung SM-G991B; Android 13; TP1A.220624.014',
  'Google Pixel 7a; Android 15; AP3A.241005.015',
  'Xiaomi 2201117TY; Android 12; SKQ1.211103.001',
  'Crosscall STELLAR-X5; Android 12; SKQ1.220303.001',
] as const;
const IPHONES = ['iPhone 15', 'iPhone 14', 'iPhone 13 mini', 'iPhone SE (3rd generation)'] as const;
const IOS = ['18.1.1', '17.7', '16.7.10'] as const;
const DESKTOPS = [
  'Windows NT 10.0; Win64; x64',
  'Macintosh; Intel Mac OS X 10.15',
  'X11; Linux x86_64',
] as const;

/** The kind of device, which stays the same for its life. */
function kindOf(seed: number, device: number): Kind {
  let left = share(seed, device, 21);
  for (const [kind, part] of KINDS) {
    left -= part;
    if (left < 0) return kind;
  }
  return 'android';
}

/** Whether it is a telephone, which receives notifications. */
export function isMobile(seed: number, device: number): boolean {
  return ['android', 'neo', 'ios', 'notification'].includes(kindOf(seed, device));
}

/**
 * What a device sends on a day: its versions rise as releases come out and reach it.
 * @param device any number that is the device's own
 * @param day days since 2020-01-01
 */
export function userAgent(seed: number, device: number, day: number): string {
  const lag = hash(seed, device, 22) % 40;
  const release = Math.max(0, Math.floor((day - lag) / 21));
  const app = `2.${Math.floor(release / 4)}.${release % 4}`;
  const browser = 100 + Math.floor((day - lag) / 56);
  const iphone = `${pick(IPHONES, seed, device, 23)}; iOS ${pick(IOS, seed, device, 24)}; Scale/3.00`;
  const desktop = pick(DESKTOPS, seed, device, 25);
  switch (kindOf(seed, device)) {
    case 'android':
      return `Tchap/${app} (${pick(ANDROIDS, seed, device, 26)}; Flavour GooglePlay; MatrixAndroidSdk2 1.6.${release % 30})`;
    case 'neo':
      return `Tchap/${app} (NEO 2; Android 12; SKQ1.220119.001; Flavour Interieur; MatrixAndroidSdk2 1.6.8)`;
    case 'ios':
      return `Tchap/${app} (${iphone})`;
    case 'notification':
      return `${chance(0.8, seed, device, 27) ? 'RiotNSE' : 'RiotSharedExtension'}/${app} (${iphone})`;
    case 'firefox':
      return `Mozilla/5.0 (${desktop}; rv:${browser}.0) Gecko/20100101 Firefox/${browser}.0`;
    case 'chrome':
      return `Mozilla/5.0 (${desktop}) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/${browser}.0.0.0 Safari/537.36`;
    case 'edge':
      return `Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/${browser}.0.0.0 Safari/537.36 Edg/${browser}.0.0.0`;
    case 'safari':
      return 'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.6 Safari/605.1.15';
    case 'iphone':
      return 'Mozilla/5.0 (iPhone; CPU iPhone OS 17_7 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.7 Mobile/15E148 Safari/604.1';
    case 'desktop':
      return `Mozilla/5.0 (${desktop}) AppleWebKit/537.36 (KHTML, like Gecko) Element/1.11.${release % 90} Chrome/${browser}.0.0.0 Electron/31.4.0 Safari/537.36`;
    case 'element':
      return chance(0.5, seed, device, 28)
        ? `Element/1.11.${release % 30} (${iphone})`
        : `Riot/1.8.${release % 30} (samsung SM-A125F; Android 12; Flavour GooglePlay)`;
    case 'repo':
      return 'matrix-media-repo';
  }
}
