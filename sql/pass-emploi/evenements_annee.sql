-- Whole weeks: those whose Monday lies in the year or in the two months before it.
SELECT
  id, date_evenement, categorie, action, nom, id_utilisateur, type_utilisateur, structure, code,
  semaine, jour, agence, departement, region
FROM public.evenement_engagement
WHERE date_evenement >= :from AND date_evenement < :to
  AND semaine >= ((:periods)[1] - INTERVAL '2 months')::date
  AND semaine < ((:periods)[1] + INTERVAL '1 year')::date;
