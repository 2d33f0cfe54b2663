SELECT
  id, date_evenement, categorie, action, nom, id_utilisateur, type_utilisateur, structure, code,
  semaine, jour, agence, departement, region
FROM public.evenement_engagement
WHERE date_evenement >= :from AND date_evenement < :to;
