import { describe, expect, it } from 'vitest';
import { whyUnsafe } from '../../src/project/config-safety.ts';

const ME = 1000;
const MINE = { mode: 0o100644, uid: ME, gid: ME };
const MY_FOLDER = { mode: 0o040755, uid: ME, gid: ME };
const OTHERS = { uid: 1001, gid: 1001 };
const TMP = { mode: 0o041777, uid: 0, gid: 0 };

describe('a config file', () => {
  it.each([
    ['that only I can write', MINE, MY_FOLDER],
    ['that my own group, which is me alone, can write', { ...MINE, mode: 0o100664 }, MY_FOLDER],
    ['in a folder of such a group', MINE, { ...MY_FOLDER, mode: 0o040775 }],
    ['of mine in /tmp', MINE, TMP],
    ['of root in /tmp', { mode: 0o100644, uid: 0, gid: 0 }, TMP],
    ['of the administrator', { mode: 0o100644, uid: 0, gid: 0 }, { mode: 0o040755, uid: 0, gid: 0 }],
    ['of the account that deployed it', { mode: 0o100644, ...OTHERS }, { mode: 0o040755, ...OTHERS }],
  ])('%s is run', (_what, file, folder) => {
    expect(whyUnsafe(file, folder, ME)).toBeUndefined();
  });

  it.each([
    ['that all can write', { ...MINE, mode: 0o100646 }, MY_FOLDER, 'file', 'mode'],
    ['that a shared group can write', { ...MINE, mode: 0o100664, gid: 50 }, MY_FOLDER, 'file', 'mode'],
    ['in a folder that all can write', MINE, { ...MY_FOLDER, mode: 0o040777 }, 'folder', 'mode'],
    [
      'in a folder that a shared group can write',
      MINE,
      { mode: 0o040775, uid: ME, gid: 50 },
      'folder',
      'mode',
    ],
    ['of another user in /tmp', { mode: 0o100644, ...OTHERS }, TMP, 'file', 'owner'],
  ])('%s is refused', (_what, file, folder, of, fix) => {
    expect(whyUnsafe(file, folder, ME)).toMatchObject({ of, fix });
  });
});
