-- name: user_history
-- description: What somebody did in the application, week by week, for support; does not show who it is
-- param user text secret  The id_utilisateur
-- param weeks integer = 12  How many weeks back
\set ON_ERROR_STOP on
\set QUIET on
\if :{?weeks}
\else
\set weeks 12
\endif
SET TimeZone TO 'Europe/Paris';

\pset title 'Weeks'
SELECT
  semaine,
  string_agg(DISTINCT structure, ', ') AS structures,
  string_agg(DISTINCT departement, ', ') AS departements,
  count(DISTINCT jour) AS jours,
  count(*) AS evenements,
  -- As analytics_engagement counts it.
  count(DISTINCT jour) >= 2 AS deux_jours
FROM public.evenement_engagement
WHERE id_utilisateur = :'user'
  AND semaine >= date_trunc('week', localtimestamp)::date - 7 * :'weeks'::integer
GROUP BY semaine
ORDER BY semaine;

\pset title 'Features'
SELECT categorie, action, count(*) AS evenements, min(jour) AS premier_jour, max(jour) AS dernier_jour
FROM public.evenement_engagement
WHERE id_utilisateur = :'user'
  AND semaine >= date_trunc('week', localtimestamp)::date - 7 * :'weeks'::integer
GROUP BY categorie, action
ORDER BY evenements DESC, categorie, action;
