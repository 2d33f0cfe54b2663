-- The delivery that came to a dataset last, while nothing else has changed there since, and the one day in which all of
-- its changes lay: a group of a list that names it as its witness has rows of that day alone.

CREATE TABLE dayboard.arrival (
  project text NOT NULL,
  dataset text NOT NULL,
  period text NOT NULL,
  day date NOT NULL,
  PRIMARY KEY (project, dataset)
);
