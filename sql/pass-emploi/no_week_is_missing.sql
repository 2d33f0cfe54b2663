-- I9: every whole week with events, from the first that is there on, in the tables that have a row for each. The table
-- of DEMARCHES_IA may have none.
WITH semaines AS (
  SELECT DISTINCT date_trunc('week', jour)::date AS semaine
  FROM public.utilisateurs_par_jour
  WHERE jour < date_trunc('week', now())::date AND structure <> 'PASS_EMPLOI' AND type_utilisateur IS NOT NULL
),
tables (relation, semaine) AS (
  SELECT DISTINCT 'analytics_engagement', semaine FROM public.analytics_engagement
  UNION ALL
  SELECT DISTINCT 'analytics_engagement_national', semaine FROM public.analytics_engagement_national
),
bounds AS (
  SELECT relation, min(semaine) AS first, max(semaine) AS last FROM tables GROUP BY relation
)
SELECT relation, semaine
FROM bounds JOIN semaines ON semaine BETWEEN first AND last
WHERE NOT EXISTS (SELECT FROM tables t WHERE t.relation = bounds.relation AND t.semaine = semaines.semaine)
ORDER BY semaine;
