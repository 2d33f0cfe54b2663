-- Young people of the structure MILO whose programme is PACEA have a structure of their own, as long as it is.
SELECT 'JEUNE' AS type_utilisateur, id AS id_utilisateur, 'MILO' AS was, 'MILO_PACEA' AS becomes
FROM public.jeune
WHERE structure = 'MILO' AND dispositif = 'PACEA'
UNION ALL
SELECT 'JEUNE', id, 'MILO_PACEA', 'MILO'
FROM public.jeune
WHERE structure = 'MILO' AND dispositif = 'CEJ';
