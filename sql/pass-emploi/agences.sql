-- The agency of each adviser, and of each young person through their adviser, with its department and region.
SELECT 'CONSEILLER' AS type_utilisateur, conseiller.id AS id_utilisateur,
       agence.nom_agence AS agence, agence.code_departement AS departement, agence.nom_region AS region
FROM public.conseiller
JOIN public.agence ON agence.id = conseiller.id_agence
UNION ALL
SELECT 'JEUNE', jeune.id, agence.nom_agence, agence.code_departement, agence.nom_region
FROM public.jeune
JOIN public.conseiller ON conseiller.id = jeune.id_conseiller
JOIN public.agence ON agence.id = conseiller.id_agence;
