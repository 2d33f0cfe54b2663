-- I14: what the application archives of young people is not for this database.
SELECT table_name AS relation, column_name AS colonne
FROM information_schema.columns
WHERE table_schema = 'public' AND table_name = 'archive_jeune' AND column_name = 'donnees';
