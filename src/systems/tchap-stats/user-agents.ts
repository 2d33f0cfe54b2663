import { firstMatch } from '../../project/enrichments.ts';

// Rules as the original has them, misclassifications included, because dashboards compare months with each other:
// - Safari and Firefox on an iPhone are 'Safari Mac OS' (their agent says "like Mac OS X"), Edge is 'Chrome Windows';
// - Chrome on Android is platform 'Web';
// - 'Riot/… (…iOS…)' and 'Element/… (Android 13)' are platform 'Autre' and device type 'Element', because the
//   platform's last rules want the word at the very end;
// - Tchap NEO without "Android" is platform 'Autre' and device type 'Tchap Android NEO'.
// So platform = 'Autre' is not the same as device_type = 'Autre'. matrix-media-repo is 'Autre' twice on purpose: its
// visits repeat those of Tchap iOS and Android.

export const OTHER = 'Autre';

export const platform = firstMatch(
  'user_agent',
  [
    ['Mozilla%', 'Web'],
    ['Tchap%Android%', 'Mobile'],
    ['RiotNSE/2%iOS%', 'Mobile'],
    ['RiotSharedExtension/2%iOS%', 'Mobile'],
    ['Tchap%iOS%', 'Mobile'],
    ['Riot%iOS', 'Mobile'],
    ['Riot%Android', 'Mobile'],
    ['Element%Android', 'Mobile'],
    ['Element%iOS', 'Mobile'],
  ],
  OTHER,
);

export const deviceType = firstMatch(
  'user_agent',
  [
    ['Mozilla%Windows%Firefox%', 'Firefox Windows'],
    ['Mozilla%Windows%Chrome%', 'Chrome Windows'],
    ['Mozilla%Windows%Trident%', 'Internet Explorer Windows'],
    ['Mozilla%Mac OS%Firefox%', 'Firefox Mac OS'],
    ['Mozilla%Mac OS%Chrome%', 'Chrome Mac OS'],
    ['Mozilla%Mac OS%Safari%', 'Safari Mac OS'],
    ['Mozilla%Android%Firefox%', 'Firefox Android'],
    ['Mozilla%Android%Chrome%', 'Chrome Android'],
    ['Mozilla%Linux%Firefox%', 'Firefox Linux'],
    ['Mozilla%Linux%Chrome%', 'Chrome Linux'],
    ['Mozilla%CrOS%Chrome%', 'Chrome OS'],
    ['Mozilla%Mobile%', 'Navigateur Mobile'],
    ['Mozilla%', 'Autre Navigateur'],
    ['Tchap%NEO%', 'Tchap Android NEO'],
    ['Tchap%Android%', 'Tchap Android'],
    ['RiotNSE/2%iOS%', 'Tchap iOS'],
    ['RiotSharedExtension/2%iOS%', 'Tchap iOS'],
    ['Tchap%iOS%', 'Tchap iOS'],
    ['Riot%', 'Element'],
    ['Element%', 'Element'],
  ],
  OTHER,
);
