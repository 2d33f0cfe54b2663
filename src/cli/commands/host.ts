import type { Command } from 'commander';
import { systems } from '../../systems/index.ts';
import type { Cli } from '../cli.ts';

/** Runs what a command does, with the options that all commands take. */
export interface Host {
  /** `work` gives the exit code. */
  run(command: Command, work: (cli: Cli) => Promise<number>): Promise<void>;
}

/** What examples name when they need a system that comes with dayboard. */
export const EXAMPLE_SYSTEM = Object.keys(systems)[0] ?? 'NAME';

/** Examples below a command's options: what to type, and what it does. */
export function examples(...lines: ReadonlyArray<readonly [command: string, does: string]>): string {
  const width = Math.max(...lines.map(([command]) => command.length));
  return `\nExamples:\n${lines.map(([command, does]) => `  ${command.padEnd(width)}  ${does}`).join('\n')}`;
}

export const PERIODS = [
  'periods',
  '2024-11-14, 2024-11-01..2024-11-14, yesterday, -3 (the last three), or several with commas',
] as const;
export const DATASETS = [
  'datasets',
  'names of datasets with commas; all that are switched on by default',
] as const;
