SELECT id_utilisateur, min(premier) AS date_premier_ae, max(dernier) AS date_dernier_ae
FROM public.utilisateurs_par_jour
WHERE type_utilisateur = 'CONSEILLER' AND id_utilisateur IS NOT NULL
GROUP BY id_utilisateur;
