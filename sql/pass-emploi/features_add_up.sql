-- I5 and I6: names add up to their action, actions to no more than their category (events without an action count there
-- alone), users are never more than events, and no level is above the next.
SELECT 'analytics_fonctionnalites' AS relation, semaine, structure, type_utilisateur, categorie, action, 'nom' AS niveau
FROM public.analytics_fonctionnalites
GROUP BY semaine, structure, type_utilisateur, categorie, action
HAVING sum(nb_ae_nom) <> min(nb_ae_action)
    OR min(nb_ae_action) <> max(nb_ae_action) OR min(nb_users_action) <> max(nb_users_action)
    OR min(nb_ae_categorie) <> max(nb_ae_categorie) OR min(nb_users_categorie) <> max(nb_users_categorie)
    OR min(nb_ae_total) <> max(nb_ae_total) OR min(nb_users_total) <> max(nb_users_total)
UNION ALL
SELECT 'analytics_fonctionnalites', semaine, structure, type_utilisateur, categorie, NULL, 'categorie'
FROM (
  SELECT DISTINCT semaine, structure, type_utilisateur, categorie, action, nb_ae_action, nb_ae_categorie
  FROM public.analytics_fonctionnalites
) AS actions
GROUP BY semaine, structure, type_utilisateur, categorie
HAVING sum(nb_ae_action) > min(nb_ae_categorie)
UNION ALL
SELECT 'analytics_fonctionnalites', semaine, structure, type_utilisateur, categorie, action, 'utilisateurs'
FROM public.analytics_fonctionnalites
WHERE nb_users_nom > nb_ae_nom OR nb_users_action > nb_ae_action
   OR nb_users_categorie > nb_ae_categorie OR nb_users_total > nb_ae_total
   OR nb_ae_nom > nb_ae_action OR nb_ae_action > nb_ae_categorie OR nb_ae_categorie > nb_ae_total
   OR nb_users_nom > nb_users_action OR nb_users_action > nb_users_categorie OR nb_users_categorie > nb_users_total
UNION ALL
SELECT 'analytics_fonctionnalites_demarches_ia' AS relation, semaine, structure, type_utilisateur, categorie, action, 'nom' AS niveau
FROM public.analytics_fonctionnalites_demarches_ia
GROUP BY semaine, structure, type_utilisateur, categorie, action
HAVING sum(nb_ae_nom) <> min(nb_ae_action)
    OR min(nb_ae_action) <> max(nb_ae_action) OR min(nb_users_action) <> max(nb_users_action)
    OR min(nb_ae_categorie) <> max(nb_ae_categorie) OR min(nb_users_categorie) <> max(nb_users_categorie)
    OR min(nb_ae_total) <> max(nb_ae_total) OR min(nb_users_total) <> max(nb_users_total)
UNION ALL
SELECT 'analytics_fonctionnalites_demarches_ia', semaine, structure, type_utilisateur, categorie, NULL, 'categorie'
FROM (
  SELECT DISTINCT semaine, structure, type_utilisateur, categorie, action, nb_ae_action, nb_ae_categorie
  FROM public.analytics_fonctionnalites_demarches_ia
) AS actions
GROUP BY semaine, structure, type_utilisateur, categorie
HAVING sum(nb_ae_action) > min(nb_ae_categorie)
UNION ALL
SELECT 'analytics_fonctionnalites_demarches_ia', semaine, structure, type_utilisateur, categorie, action, 'utilisateurs'
FROM public.analytics_fonctionnalites_demarches_ia
WHERE nb_users_nom > nb_ae_nom OR nb_users_action > nb_ae_action
   OR nb_users_categorie > nb_ae_categorie OR nb_users_total > nb_ae_total
   OR nb_ae_nom > nb_ae_action OR nb_ae_action > nb_ae_categorie OR nb_ae_categorie > nb_ae_total
   OR nb_users_nom > nb_users_action OR nb_users_action > nb_users_categorie OR nb_users_categorie > nb_users_total;
