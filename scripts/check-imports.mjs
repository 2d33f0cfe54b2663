// Checks the directions of imports and what a folder of src/ may know of.
// usage: node scripts/check-imports.mjs [ROOT]     exits 1 and prints file:line for each violation
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, posix, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { transform } from 'esbuild';

/**
 * From the top to the ground. A layer may import itself and every layer below it, never one above. `plan` is pure:
 * what is planned, shown and reported, which the ledger keeps and the runner runs.
 */
const LAYERS = [
  'main',
  'index',
  'cli',
  'console',
  'actions',
  'demo',
  'run',
  'load',
  'rollup',
  'psql',
  'ledger',
  'source',
  'plan',
  'systems',
  'project',
];

/** Imports that the order of layers would allow, but that would tie together what stands side by side. */
const FORBIDDEN = [
  { from: ['index'], to: ['cli', 'console', 'actions', 'demo'] },
  { from: ['cli'], to: ['source', 'load', 'rollup', 'psql', 'ledger'] },
  { from: ['console'], to: ['demo', 'source', 'load', 'rollup', 'psql', 'ledger'] },
  { from: ['actions', 'run', 'plan', 'source', 'load', 'rollup', 'psql', 'ledger'], to: ['systems'] },
];

/** Packages, and the only layers that may import them. */
const PACKAGES = [
  { matches: /^(react|ink|listr2)(\/|$)/, only: ['console', 'cli'] },
  {
    matches: /^(pg|pg-[^/]+|@aws-sdk\/.+|@smithy\/.+)(\/|$)/,
    never: ['main', 'index', 'cli', 'console', 'actions', 'plan', 'systems'],
  },
];

/** Their environment and clock come in as arguments. */
const NO_PROCESS = [
  'index',
  'actions',
  'run',
  'load',
  'rollup',
  'psql',
  'ledger',
  'source',
  'plan',
  'systems',
  'project',
];

/** The engine knows no system by name; src/systems/index.ts is where a name becomes a definition. */
const NO_SYSTEM_NAMES = [
  'cli',
  'console',
  'actions',
  'run',
  'plan',
  'source',
  'load',
  'rollup',
  'psql',
  'ledger',
  'project',
];
const SYSTEM_NAMES = /tchap|pass[-_]?emploi|content[-_]data|dfe[-_]?analytics|product[-_]events/i;
/** The one door to the systems for everything but demo, which fills tables of a certain one. */
const SYSTEMS_DOOR = 'systems/index.ts';

const IMPORTS = [
  /^\s*(?:import|export)\s+(?:type\s+)?[\w*{}\s,$]+?\sfrom\s*['"]([^'"]+)['"]/gm,
  /^\s*import\s*['"]([^'"]+)['"]/gm,
  /\bimport\(\s*['"]([^'"]+)['"]/g,
];

/** The specifiers a file imports, with the line each stands on. */
function importsOf(text) {
  return IMPORTS.flatMap((pattern) =>
    [...text.matchAll(pattern)].map((match) => ({
      specifier: match[1],
      line: lineAt(text, match.index + match[0].lastIndexOf(match[1])),
    })),
  );
}

function lineAt(text, offset) {
  return text.slice(0, offset).split('\n').length;
}

/** 'run/steps/load.ts' is of layer 'run', 'main.ts' of 'main'. */
function layerOf(file) {
  return file.includes('/') ? file.slice(0, file.indexOf('/')) : file.replace(/\.tsx?$/, '');
}

/** Why a file of src/ may not import another file of src/; undefined when it may. */
function whyNotFile(from, to) {
  const [layer, target] = [layerOf(from), layerOf(to)];
  if (layer === target) return undefined;
  if (!LAYERS.includes(target)) return `${target} is no layer; add it to LAYERS in scripts/check-imports.mjs`;
  if (layer === 'systems' && target !== 'project') return 'a system imports the project layer only';
  if (LAYERS.indexOf(target) < LAYERS.indexOf(layer)) return `${layer} stands below ${target}`;
  if (FORBIDDEN.some((rule) => rule.from.includes(layer) && rule.to.includes(target))) {
    return `${layer} must not know ${target}`;
  }
  if (target === 'systems' && layer !== 'demo' && to !== SYSTEMS_DOOR)
    return `systems are looked up in ${SYSTEMS_DOOR}`;
  return undefined;
}

function whyNotPackage(layer, specifier) {
  const rule = PACKAGES.find(({ matches }) => matches.test(specifier));
  if (rule?.only?.includes(layer) === false) return `only ${rule.only.join(' and ')} may import ${specifier}`;
  if (rule?.never?.includes(layer)) return `${layer} must not import ${specifier}`;
  if (NO_PROCESS.includes(layer) && /^(node:)?process$/.test(specifier))
    return `${layer} must not use process`;
  return undefined;
}

/** Whether code uses the global `process`; esbuild tells it from comments, strings, properties and local names. */
async function usesProcess(text, file) {
  const mark = '__GLOBAL_PROCESS__';
  const { code } = await transform(text, {
    loader: file.endsWith('x') ? 'tsx' : 'ts',
    define: { process: mark, 'globalThis.process': mark },
  });
  return code.includes(mark);
}

/** @returns {Promise<{file: string, line: number, why: string}[]>} */
async function violationsOf(source, file) {
  const text = readFileSync(join(source, file), 'utf8');
  const layer = layerOf(file);
  const found = [];
  if (!LAYERS.includes(layer))
    found.push({ line: 1, why: `${layer} is no layer; add it to LAYERS in scripts/check-imports.mjs` });
  for (const { specifier, line } of importsOf(text)) {
    const why = specifier.startsWith('.')
      ? whyNotFile(file, posix.join(posix.dirname(file), specifier))
      : whyNotPackage(layer, specifier);
    if (why !== undefined) found.push({ line, why });
  }
  if (NO_PROCESS.includes(layer) && (await usesProcess(text, file))) {
    const line = lineAt(text, text.search(/\bprocess\b\s*[.[?)]/));
    found.push({ line, why: `${layer} must not use process; environment and clock come in as arguments` });
  }
  const name = NO_SYSTEM_NAMES.includes(layer) ? SYSTEM_NAMES.exec(text) : null;
  if (name)
    found.push({ line: lineAt(text, name.index), why: `${layer} must not name a system (${name[0]})` });
  return found.map((violation) => ({ file, ...violation }));
}

const root = resolve(process.argv[2] ?? dirname(dirname(fileURLToPath(import.meta.url))));
const source = join(root, 'src');
const files = readdirSync(source, { recursive: true })
  .map((file) => file.replaceAll('\\', '/'))
  .filter((file) => /\.tsx?$/.test(file));
const violations = (await Promise.all(files.map((file) => violationsOf(source, file)))).flat();
for (const { file, line, why } of violations) console.log(`src/${file}:${line}: ${why}`);
process.exitCode = violations.length > 0 ? 1 : 0;
