-- I8: as many users in the country as in the place with the most, and no more than in all places together. Who moved
-- may be active on two days in the country and in no place: there only the first holds.
WITH places AS (
  SELECT
    semaine, structure, type_utilisateur,
    max(nombre_utilisateurs_2_mois) AS max_2_mois, sum(nombre_utilisateurs_2_mois) AS sum_2_mois,
    max(nombre_utilisateurs_1_mois) AS max_1_mois, sum(nombre_utilisateurs_1_mois) AS sum_1_mois,
    max(nombre_utilisateurs_engages_2_jours_dans_la_semaine) AS max_engages,
    max(nb_actifs_3_semaines_sur_6) AS max_3, max(nb_actifs_4_semaines_sur_6) AS max_4
  FROM public.analytics_engagement
  GROUP BY semaine, structure, type_utilisateur
)
SELECT semaine, n.structure, n.type_utilisateur
FROM public.analytics_engagement_national n
JOIN places p USING (semaine)
WHERE n.structure IS NOT DISTINCT FROM p.structure AND n.type_utilisateur IS NOT DISTINCT FROM p.type_utilisateur
  AND (
    n.nombre_utilisateurs_2_mois NOT BETWEEN max_2_mois AND sum_2_mois
    OR n.nombre_utilisateurs_1_mois NOT BETWEEN max_1_mois AND sum_1_mois
    OR max_engages > n.nombre_utilisateurs_engages_2_jours_dans_la_semaine
    OR max_3 > n.nb_actifs_3_semaines_sur_6 OR max_4 > n.nb_actifs_4_semaines_sur_6
  );
