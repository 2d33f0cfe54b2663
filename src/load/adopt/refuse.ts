import type { Obstacle } from '../../plan/adoption.ts';
import { DayboardError } from '../../project/errors.ts';
import type { RelationName } from '../../project/model.ts';

/** 'adopt.obstacles': all that stands in the way, each with what to do about it. */
export function refuse(name: string, relation: RelationName, obstacles: readonly Obstacle[]): DayboardError {
  const full = `${relation.schema}.${relation.name}`;
  return new DayboardError({
    code: 'adopt.obstacles',
    kind: 'refused',
    message: [
      `${full} cannot be taken over as it is. Nothing was changed.`,
      ...obstacles.map(({ what }) => `- ${what}`),
    ].join('\n'),
    facts: { name, relation: full, obstacles: obstacles.length },
    next: obstacles.map(({ next }) => next).join('\n'),
  });
}
