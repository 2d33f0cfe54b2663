import { readdirSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import type { Command, Option } from 'commander';
import { derivedInOrder } from '../plan/derived.ts';
import { GUARDS } from '../plan/plan.ts';
import { loadConfig } from '../project/load-config.ts';
import { REPROCESS, type Project } from '../project/model.ts';
import { addPeriods, today } from '../project/period.ts';
import { systems } from '../systems/index.ts';
import { ContextStore } from './contexts.ts';
import type { Io } from './io.ts';
import type { Globals } from './session.ts';
import { SHELLS } from './shells.ts';

/** A word that can stand where one is typing. */
export interface Candidate {
  word: string;
  help?: string;
}

/** Days back that are offered by name. */
const DAYS = 14;

/**
 * What can stand at the last of these words, which is being typed and may be empty: commands, options, and by what the
 * command takes there periods, datasets, views, checks, contexts, systems or files. Never connects to anything; a
 * definition that cannot be read has no names.
 */
export async function complete(program: Command, words: readonly string[], io: Io): Promise<Candidate[]> {
  const place = placeOf(program, words.slice(0, -1));
  const last = words.at(-1) ?? '';
  const found = await candidates(place, last, io);
  return found.filter(({ word }) => word.startsWith(last) && word !== last);
}

interface Place {
  command: Command;
  /** Positional words of the command before the last one. */
  given: string[];
  /** The option whose value is typed. */
  option: Option | undefined;
  globals: Globals;
}

/** The command that the words lead to, and what is typed of it. */
function placeOf(program: Command, words: readonly string[]): Place {
  const place: Place = { command: program, given: [], option: undefined, globals: {} };
  for (const word of words) {
    if (place.option !== undefined) {
      remember(place, place.option, word);
      place.option = undefined;
    } else if (isOption(word)) {
      const option = optionsOf(place.command).find(({ long, short }) => long === word || short === word);
      place.option = option?.required === true ? option : undefined;
    } else {
      const next =
        place.given.length === 0 ? place.command.commands.find((each) => each.name() === word) : undefined;
      if (next === undefined) place.given.push(word);
      else place.command = next;
    }
  }
  return place;
}

/** '-3' is a period. */
function isOption(word: string): boolean {
  return word.startsWith('-') && !/^-\d/u.test(word);
}

/** Which definition and context are meant decides which names there are. */
function remember({ globals }: Place, option: Option, value: string): void {
  if (option.long === '--config') globals.config = value;
  if (option.long === '--context') globals.context = value;
}

/** Those of a command and of all above it. */
function optionsOf(command: Command): Option[] {
  return command.parent === null ? [...command.options] : [...command.options, ...optionsOf(command.parent)];
}

async function candidates(place: Place, last: string, io: Io): Promise<Candidate[]> {
  const { command, given, option } = place;
  if (option !== undefined) return optionValues(option, last, io);
  if (isOption(last)) {
    return optionsOf(command).flatMap(({ long, description }) =>
      long === undefined || long === null ? [] : [{ word: long, help: description }],
    );
  }
  const commands =
    given.length > 0
      ? []
      : command
          .createHelp()
          .visibleCommands(command)
          .map((each) => ({ word: each.name(), help: each.summary() }));
  const taken = command.registeredArguments;
  const argument = taken[given.length] ?? (taken.at(-1)?.variadic === true ? taken.at(-1) : undefined);
  if (argument === undefined || command.parent === null) return commands;
  return [...commands, ...(await argumentValues(place, argument.name(), last, io))];
}

async function optionValues(option: Option, last: string, io: Io): Promise<Candidate[]> {
  if (option.argChoices !== undefined) return option.argChoices.map((word) => ({ word }));
  switch (option.long) {
    case '--context':
      return new ContextStore().names.map((word) => ({ word }));
    case '--config':
      return [
        ...Object.keys(systems).map((word) => ({ word, help: 'comes with dayboard' })),
        ...files(last, io.cwd),
      ];
    case '--reprocess':
      return REPROCESS.map((word) => ({ word }));
    case '--force':
      return listed(GUARDS, last);
    case '--dir':
    case '--directory':
    case '--root':
      return files(last, io.cwd);
    default:
      return [];
  }
}

async function argumentValues(place: Place, name: string, last: string, io: Io): Promise<Candidate[]> {
  if (name === 'shell') return SHELLS.map((word) => ({ word }));
  const project = await projectOf(place.globals, io);
  if (project === undefined) return [];
  switch (name) {
    case 'script':
      return [
        ...project.scripts.map((script) => ({ word: script.name, help: 'script' })),
        ...files(last, io.cwd),
      ];
    case 'period':
    case 'periods':
      return periods(project, last, io.now());
    case 'dataset':
      return datasetNames(project).map((word) => ({ word }));
    case 'datasets':
      return listed(datasetNames(project), last);
    case 'name':
    case 'names':
      return namesFor(place.command.name(), project, last);
    default:
      return [];
  }
}

function namesFor(command: string, project: Project, last: string): Candidate[] {
  const derived = derivedInOrder(project).map((each) => ({ word: each.name, help: each.kind as string }));
  const datasets = datasetNames(project).map((word) => ({ word, help: 'dataset' }));
  switch (command) {
    case 'check':
      return listed(
        project.checks.map((check) => check.name),
        last,
      );
    case 'refresh':
      return derived;
    default:
      return [...datasets, ...derived];
  }
}

function datasetNames(project: Project): string[] {
  return project.datasets.filter((dataset) => dataset.off === undefined).map(({ name }) => name);
}

function periods(project: Project, last: string, now: string): Candidate[] {
  const day = today(now, project.timeZone).toString();
  const days = Array.from({ length: DAYS }, (_, back) => addPeriods(day, -1 - back));
  // 'FIRST..': the end of a range is being typed.
  const range = last.includes('..') ? last.slice(0, last.indexOf('..') + 2) : '';
  return [
    { word: 'yesterday', help: days[0] ?? '' },
    { word: 'today', help: day },
    { word: '-3', help: 'the last three' },
    { word: '-7', help: 'the last week' },
    ...days.map((word) => ({ word: `${range}${word}` })),
  ];
}

/** Names with commas: the last of them is being typed, and none is offered twice. */
function listed(names: readonly string[], last: string): Candidate[] {
  const before = last.slice(0, last.lastIndexOf(',') + 1);
  const taken = new Set(before.split(','));
  return names.filter((name) => !taken.has(name)).map((name) => ({ word: `${before}${name}` }));
}

function files(last: string, cwd: string): Candidate[] {
  const folder = last.endsWith('/') ? last : dirname(last);
  try {
    return readdirSync(resolve(cwd, folder), { withFileTypes: true })
      .filter((entry) => !entry.name.startsWith('.'))
      .map((entry) => ({ word: join(folder, entry.name) + (entry.isDirectory() ? '/' : '') }));
  } catch {
    return [];
  }
}

/** The definition that is meant, with nothing of the environment but what names read from it. */
async function projectOf(globals: Globals, io: Io): Promise<Project | undefined> {
  try {
    const { definition } = await loadConfig({
      directory: io.cwd,
      systems,
      ...(globals.config === undefined ? {} : { config: globals.config }),
    });
    return definition.resolve(io.env);
  } catch {
    return undefined;
  }
}
