import { checkAggregates } from './check-aggregates.ts';
import { checkCopies } from './check-copies.ts';
import { checkDatasets } from './check-datasets.ts';
import { checkDerived } from './check-derived.ts';
import { checkNames } from './check-names.ts';
import { withDefaults } from './defaults.ts';
import type { Environment } from './environment.ts';
import { DayboardError } from './errors.ts';
import type { ProjectInput } from './input.ts';
import type { Project } from './model.ts';
import { invalidConfig, Problems, problemsOf } from './problems.ts';
import { scheduleTime } from './schema-text.ts';
import { projectSchema } from './schema.ts';

/** Tells a definition from any other export, also one that another copy of dayboard made. */
const MARK = Symbol.for('dayboard.project-definition');

/** A project that is not yet bound to an environment. What a config file exports. */
export interface ProjectDefinition {
  /**
   * The project as the environment has it, with every default filled in and looked through as a whole.
   * @param environment environment variables; only those that the definition and the schedule ask for are read
   * @throws DayboardError 'config.invalid' (kind 'usage') that lists every problem with its path and its fix
   */
  resolve(environment: Environment): Project;
}

/**
 * Defines a project: `export default defineProject({ … })` in dayboard.config.ts.
 * A function gets the environment: `defineProject((env) => ({ …, timeZone: env.REPORT_TIME_ZONE ?? 'UTC' }))`.
 * Nothing is looked at before the definition is resolved, so this never throws.
 */
export function defineProject(
  input: ProjectInput | ((environment: Environment) => ProjectInput),
): ProjectDefinition {
  const definition = {
    [MARK]: true,
    resolve: (environment: Environment): Project =>
      resolveProject(typeof input === 'function' ? called(input, environment) : input, environment),
  };
  return definition;
}

/** Whether a value was made by defineProject. */
export function isProjectDefinition(value: unknown): value is ProjectDefinition {
  return typeof value === 'object' && value !== null && MARK in value;
}

function called(input: (environment: Environment) => ProjectInput, environment: Environment): ProjectInput {
  try {
    return input(environment);
  } catch (cause) {
    if (cause instanceof DayboardError) throw cause;
    throw new DayboardError({
      code: 'config.invalid',
      kind: 'usage',
      message: `The function given to defineProject failed: ${cause instanceof Error ? cause.message : String(cause)}`,
      next: 'Nothing was read or written. Correct the definition and try again.',
      cause,
    });
  }
}

function resolveProject(input: unknown, environment: Environment): Project {
  const parsed = projectSchema.safeParse(input, { reportInput: true });
  if (!parsed.success) throw invalidConfig(problemsOf(parsed.error), nameOf(input));
  const project = withDefaults(parsed.data, environment);
  const problems = new Problems();
  checkSchedule(project, parsed.data, problems);
  checkNames(project, problems);
  checkDatasets(project, problems);
  checkCopies(project, problems);
  checkDerived(project, problems);
  checkAggregates(project, problems);
  if (problems.found.length > 0) throw invalidConfig(problems.found, project.name);
  return project;
}

/** A schedule from CRON_SCHEDULE has not been through the schema. */
function checkSchedule(project: Project, input: ProjectInput, problems: Problems): void {
  if (input.schedule?.at !== undefined || scheduleTime.safeParse(project.schedule.at).success) return;
  problems
    .at('schedule', 'at')
    .add(
      `CRON_SCHEDULE is "${project.schedule.at}", neither a time of day nor a cron expression`,
      "write '01:00', or five fields: '30 1 * * 1-5'",
    );
}

function nameOf(input: unknown): string | undefined {
  if (typeof input !== 'object' || input === null || !('name' in input)) return undefined;
  return typeof input.name === 'string' && input.name.length <= 100 ? input.name : undefined;
}
