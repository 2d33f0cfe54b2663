-- name: events_of_day
-- description: Events and users of a day by structure and by category, beside the days of the week before
-- param day date = yesterday  Which day, in Paris
\set ON_ERROR_STOP on
\set QUIET on
\if :{?day}
\else
\set day yesterday
\endif
SET TimeZone TO 'Europe/Paris';

\pset title 'By structure'
WITH counted AS (
  SELECT
    coalesce(structure, 'without') AS structure,
    coalesce(type_utilisateur, 'without') AS type_utilisateur,
    count(*) FILTER (WHERE jour = :'day'::date) AS events,
    count(DISTINCT id_utilisateur) FILTER (WHERE jour = :'day'::date) AS users,
    count(*) FILTER (WHERE jour = :'day'::date - 7) AS events_week_before,
    count(*) FILTER (WHERE jour < :'day'::date) AS events_of_7_days
  FROM public.evenement_engagement
  WHERE jour BETWEEN :'day'::date - 7 AND :'day'::date
  GROUP BY 1, 2
)
SELECT
  :'day'::date AS jour, structure, type_utilisateur, events, users, events_week_before,
  round(events_of_7_days / 7.0) AS events_per_day_before,
  round(100.0 * (events - events_week_before) / nullif(events_week_before, 0), 1) AS change_percent
FROM counted
ORDER BY events DESC, structure, type_utilisateur;

\pset title 'By category: those that fell silent first'
WITH counted AS (
  SELECT
    coalesce(categorie, 'without') AS categorie,
    count(*) FILTER (WHERE jour = :'day'::date) AS events,
    count(DISTINCT id_utilisateur) FILTER (WHERE jour = :'day'::date) AS users,
    count(*) FILTER (WHERE jour < :'day'::date) AS events_of_7_days
  FROM public.evenement_engagement
  WHERE jour BETWEEN :'day'::date - 7 AND :'day'::date
  GROUP BY 1
)
SELECT categorie, events, users, round(events_of_7_days / 7.0) AS events_per_day_before
FROM counted
ORDER BY events = 0 DESC, events DESC, categorie;
