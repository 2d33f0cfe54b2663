select 'half' as a,
