SELECT
  id_utilisateur,
  structure,
  sum(nb_action_cree)::integer AS nb_action_cree,
  sum(nb_message_envoye)::integer AS nb_message_envoye,
  sum(nb_consultation_rdv)::integer AS nb_consultation_rdv,
  sum(nb_consultation_offre)::integer AS nb_consultation_offre,
  sum(nb_postuler_offre)::integer AS nb_postuler_offre,
  sum(nb_consultation_evenement)::integer AS nb_consultation_evenement,
  min(premier) AS date_premier_ae,
  max(dernier) AS date_dernier_ae
FROM public.utilisateurs_par_jour
WHERE type_utilisateur = 'JEUNE'
GROUP BY id_utilisateur, structure;
