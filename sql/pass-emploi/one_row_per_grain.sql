-- I4: no two rows of one grain. Tables that dayboard made have a unique key; those that it fills in place may not.
SELECT 'analytics_fonctionnalites' AS relation, semaine, count(*) AS lignes, count(DISTINCT ROW(structure, type_utilisateur, categorie, action, nom)) AS grains
FROM public.analytics_fonctionnalites
GROUP BY semaine
HAVING count(*) <> count(DISTINCT ROW(structure, type_utilisateur, categorie, action, nom))
UNION ALL
SELECT 'analytics_fonctionnalites_demarches_ia' AS relation, semaine, count(*) AS lignes, count(DISTINCT ROW(structure, type_utilisateur, categorie, action, nom)) AS grains
FROM public.analytics_fonctionnalites_demarches_ia
GROUP BY semaine
HAVING count(*) <> count(DISTINCT ROW(structure, type_utilisateur, categorie, action, nom))
UNION ALL
SELECT 'analytics_engagement' AS relation, semaine, count(*) AS lignes, count(DISTINCT ROW(structure, type_utilisateur, region, departement)) AS grains
FROM public.analytics_engagement
GROUP BY semaine
HAVING count(*) <> count(DISTINCT ROW(structure, type_utilisateur, region, departement))
UNION ALL
SELECT 'analytics_engagement_national' AS relation, semaine, count(*) AS lignes, count(DISTINCT ROW(structure, type_utilisateur)) AS grains
FROM public.analytics_engagement_national
GROUP BY semaine
HAVING count(*) <> count(DISTINCT ROW(structure, type_utilisateur))
ORDER BY semaine;
