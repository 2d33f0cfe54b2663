-- In UTC, as the original's sessions have it: its columns are without a zone.
SELECT
  id_utilisateur,
  min(premier) AT TIME ZONE 'UTC' AS date_premier_ae,
  max(dernier) AT TIME ZONE 'UTC' AS date_dernier_ae
FROM public.utilisateurs_par_jour
WHERE type_utilisateur = 'CONSEILLER' AND id_utilisateur IS NOT NULL
GROUP BY id_utilisateur;
