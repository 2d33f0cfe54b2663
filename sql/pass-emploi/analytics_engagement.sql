-- Users of two months, of one, active on two days of the week, and active so in 3 or 4 of 6 weeks. For each user there
-- are bits: one for each of the weeks that are computed, and one for each calendar week with two active days. So the
-- days are read once, however many weeks are computed, and nobody is counted twice. There is room for 57 weeks.
-- Without ", region, departement" it is the national table, in which nobody who moved is split.
WITH semaines AS (
  SELECT
    semaine,
    (semaine - INTERVAL '2 months')::date AS depuis_deux_mois,
    (semaine - INTERVAL '1 month')::date AS depuis_un_mois,
    (semaine - min(semaine) OVER ()) / 7 AS rang
  FROM unnest(:periods) AS semaine
),
jours AS (
  SELECT
    jour::date AS jour,
    -- Calendar weeks, 0 being five before the first that is computed; division cuts towards zero, so it is kept above it.
    (jour::date - min(semaine) + 35 + 52 * 7) / 7 - 52 AS rang_calendaire,
    1 << extract(isodow FROM jour)::integer AS jour_de_semaine,
    bit_or(CASE WHEN jour >= depuis_deux_mois AND jour < semaine + 7 THEN 1::bigint << rang ELSE 0 END) AS deux_mois,
    bit_or(CASE WHEN jour >= depuis_un_mois AND jour < semaine + 7 THEN 1::bigint << rang ELSE 0 END) AS un_mois,
    -- The week that ends where this day begins.
    bit_or(CASE WHEN jour = semaine + 7 THEN 1::bigint << rang ELSE 0 END) AS semaine_finie
  FROM generate_series(:from::timestamp, :to::timestamp, INTERVAL '1 day') AS jour
  CROSS JOIN semaines
  GROUP BY jour
),
par_semaine AS (
  SELECT
    structure, type_utilisateur, region, departement, id_utilisateur, rang_calendaire,
    rang_calendaire >= 0 AND bit_count(bit_or(jour_de_semaine)::bit(8)) >= 2 AS est_actif,
    bit_or(deux_mois | CASE WHEN est_a_minuit THEN semaine_finie ELSE 0 END) AS deux_mois,
    bit_or(un_mois | CASE WHEN est_a_minuit THEN semaine_finie ELSE 0 END) AS un_mois
  FROM (
    SELECT *, :'inclusive_end' = 'yes' AND premier = jour::timestamptz AS est_a_minuit
    FROM public.utilisateurs_par_jour
    WHERE jour >= :from AND jour <= :to
  ) AS utilisateurs
  JOIN jours USING (jour)
  GROUP BY structure, type_utilisateur, region, departement, id_utilisateur, rang_calendaire
),
par_utilisateur AS (
  SELECT
    structure, type_utilisateur, region, departement, id_utilisateur,
    bit_or(deux_mois) AS deux_mois,
    bit_or(un_mois) AS un_mois,
    bit_or(CASE WHEN est_actif THEN 1::bigint << rang_calendaire ELSE 0 END) AS actives
  FROM par_semaine
  GROUP BY structure, type_utilisateur, region, departement, id_utilisateur
),
par_groupe AS (
  SELECT
    semaine, structure, type_utilisateur, region, departement,
    count(id_utilisateur)::integer AS nombre_utilisateurs_2_mois,
    (count(id_utilisateur) FILTER (WHERE un_mois >> rang & 1 = 1))::integer AS nombre_utilisateurs_1_mois,
    (count(id_utilisateur) FILTER (WHERE actives >> (rang + 5) & 1 = 1))::integer AS nombre_utilisateurs_engages_2_jours_dans_la_semaine,
    (count(id_utilisateur) FILTER (WHERE bit_count((actives >> rang & 63)::integer::bit(6)) >= 3))::integer AS nb_actifs_3_semaines_sur_6,
    (count(id_utilisateur) FILTER (WHERE bit_count((actives >> rang & 63)::integer::bit(6)) >= 4))::integer AS nb_actifs_4_semaines_sur_6,
    :'null_zeros' = 'yes' AND (structure IS NULL OR type_utilisateur IS NULL) AS est_sans_cle
  FROM par_utilisateur
  JOIN semaines ON deux_mois >> rang & 1 = 1
  GROUP BY semaine, structure, type_utilisateur, region, departement
)
SELECT
  semaine, structure, type_utilisateur, region, departement,
  nombre_utilisateurs_2_mois,
  CASE WHEN est_sans_cle THEN 0 ELSE nombre_utilisateurs_1_mois END AS nombre_utilisateurs_1_mois,
  CASE WHEN est_sans_cle THEN 0 ELSE nombre_utilisateurs_engages_2_jours_dans_la_semaine END AS nombre_utilisateurs_engages_2_jours_dans_la_semaine,
  CASE WHEN est_sans_cle THEN 0 ELSE nb_actifs_3_semaines_sur_6 END AS nb_actifs_3_semaines_sur_6,
  CASE WHEN est_sans_cle THEN 0 ELSE nb_actifs_4_semaines_sur_6 END AS nb_actifs_4_semaines_sur_6
FROM par_groupe;
