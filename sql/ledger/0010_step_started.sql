-- When a step of a kind and target last began, without reading the history: of one that never ran, all of it would be read.
CREATE INDEX step_started ON dayboard.step (project, kind, target, started_at DESC) WHERE started_at IS NOT NULL;
