-- I7 and I10: who was active in the week was so in the month, and in two; nothing is NULL.
SELECT 'analytics_engagement' AS relation, semaine, structure, type_utilisateur
FROM public.analytics_engagement
WHERE (
  nombre_utilisateurs_engages_2_jours_dans_la_semaine <= nombre_utilisateurs_1_mois
  AND nombre_utilisateurs_1_mois <= nombre_utilisateurs_2_mois
  AND nb_actifs_4_semaines_sur_6 <= nb_actifs_3_semaines_sur_6
  AND nb_actifs_3_semaines_sur_6 <= nombre_utilisateurs_2_mois
) IS NOT TRUE
UNION ALL
SELECT 'analytics_engagement_national' AS relation, semaine, structure, type_utilisateur
FROM public.analytics_engagement_national
WHERE (
  nombre_utilisateurs_engages_2_jours_dans_la_semaine <= nombre_utilisateurs_1_mois
  AND nombre_utilisateurs_1_mois <= nombre_utilisateurs_2_mois
  AND nb_actifs_4_semaines_sur_6 <= nb_actifs_3_semaines_sur_6
  AND nb_actifs_3_semaines_sur_6 <= nombre_utilisateurs_2_mois
) IS NOT TRUE
ORDER BY semaine;
