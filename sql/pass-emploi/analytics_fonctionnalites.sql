-- Events and users of each feature, and of the levels above it, which are repeated on each row. Each level is counted
-- from the one below, so that the events are read once.
WITH par_utilisateur AS (
  SELECT
    date_trunc('week', date_evenement)::date AS semaine,
    structure, type_utilisateur, categorie, action, nom, id_utilisateur,
    count(*) AS nb
  FROM public.evenement_engagement
  WHERE date_evenement >= :from AND date_evenement < :to
    AND structure <> 'PASS_EMPLOI'
    AND true -- who
  GROUP BY 1, 2, 3, 4, 5, 6, 7
),
actions_par_utilisateur AS (
  SELECT semaine, structure, type_utilisateur, categorie, action, id_utilisateur, sum(nb) AS nb
  FROM par_utilisateur
  WHERE type_utilisateur IS NOT NULL
  GROUP BY 1, 2, 3, 4, 5, 6
),
categories_par_utilisateur AS (
  SELECT semaine, structure, type_utilisateur, categorie, id_utilisateur, sum(nb) AS nb
  FROM actions_par_utilisateur
  GROUP BY 1, 2, 3, 4, 5
),
totaux_par_utilisateur AS (
  SELECT semaine, structure, type_utilisateur, id_utilisateur, sum(nb) AS nb
  FROM categories_par_utilisateur
  GROUP BY 1, 2, 3, 4
),
-- What has no category or action is in no row, but counts above.
noms AS (
  SELECT
    semaine, structure, type_utilisateur, categorie, action, nom,
    sum(nb)::integer AS nb_ae_nom, count(id_utilisateur)::integer AS nb_users_nom
  FROM par_utilisateur
  WHERE type_utilisateur IS NOT NULL AND categorie IS NOT NULL AND action IS NOT NULL
  GROUP BY 1, 2, 3, 4, 5, 6
),
actions AS (
  SELECT
    semaine, structure, type_utilisateur, categorie, action,
    sum(nb)::integer AS nb_ae_action, count(id_utilisateur)::integer AS nb_users_action
  FROM actions_par_utilisateur
  GROUP BY 1, 2, 3, 4, 5
),
categories AS (
  SELECT
    semaine, structure, type_utilisateur, categorie,
    sum(nb)::integer AS nb_ae_categorie, count(id_utilisateur)::integer AS nb_users_categorie
  FROM categories_par_utilisateur
  GROUP BY 1, 2, 3, 4
),
totaux AS (
  SELECT
    semaine, structure, type_utilisateur,
    sum(nb)::integer AS nb_ae_total, count(id_utilisateur)::integer AS nb_users_total
  FROM totaux_par_utilisateur
  GROUP BY 1, 2, 3
)
SELECT
  semaine, structure, type_utilisateur, categorie, action, nom,
  nb_ae_nom, nb_users_nom, nb_ae_action, nb_users_action,
  nb_ae_categorie, nb_users_categorie, nb_ae_total, nb_users_total
FROM noms
JOIN actions USING (semaine, structure, type_utilisateur, categorie, action)
JOIN categories USING (semaine, structure, type_utilisateur, categorie)
JOIN totaux USING (semaine, structure, type_utilisateur);
