-- I5: the totals of the last four whole weeks, and the events of them.
WITH evenements AS (
  SELECT
    date_trunc('week', date_evenement)::date AS semaine,
    structure, type_utilisateur,
    count(*) AS nb_ae_total, count(DISTINCT id_utilisateur) AS nb_users_total
  FROM public.evenement_engagement
  WHERE date_evenement >= date_trunc('week', now()) - INTERVAL '4 weeks'
    AND date_evenement < date_trunc('week', now())
    AND structure <> 'PASS_EMPLOI'
  GROUP BY 1, 2, 3
)
SELECT DISTINCT
  semaine, structure, type_utilisateur,
  e.nb_ae_total AS evenements, t.nb_ae_total, e.nb_users_total AS utilisateurs, t.nb_users_total
FROM public.analytics_fonctionnalites t
JOIN evenements e USING (semaine, structure, type_utilisateur)
WHERE e.nb_ae_total <> t.nb_ae_total OR e.nb_users_total <> t.nb_users_total
ORDER BY semaine;
