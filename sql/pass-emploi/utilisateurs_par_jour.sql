-- Who was active on each day, as what and where, with what the tables per user count. Days are those of the session's
-- time zone, whatever zone the rows' own jour was taken in.
SELECT
  date_evenement::date AS jour,
  structure,
  type_utilisateur,
  coalesce(region, 'NON RENSEIGNE') AS region,
  coalesce(departement, 'NON RENSEIGNE') AS departement,
  id_utilisateur,
  count(*)::integer AS nb_evenements,
  (count(*) FILTER (WHERE (categorie = 'Action' AND action = 'Création') OR code = 'ACTION_CREE'))::integer AS nb_action_cree,
  (count(*) FILTER (WHERE categorie = 'Message' AND action = 'Envoi'))::integer AS nb_message_envoye,
  (count(*) FILTER (WHERE categorie = 'Rendez-vous' AND action = 'Consultation'))::integer AS nb_consultation_rdv,
  (count(*) FILTER (WHERE categorie = 'Offre' AND action ~ 'Recherche|Détail|favori'))::integer AS nb_consultation_offre,
  (count(*) FILTER (WHERE categorie = 'Offre' AND action = 'Postuler'))::integer AS nb_postuler_offre,
  (count(*) FILTER (WHERE categorie = 'Evénement'))::integer AS nb_consultation_evenement,
  min(date_evenement) AS premier,
  max(date_evenement) AS dernier
FROM public.evenement_engagement
WHERE date_evenement >= :from AND date_evenement < :to
GROUP BY 1, 2, 3, 4, 5, 6;
